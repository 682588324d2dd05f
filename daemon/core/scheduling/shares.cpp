#include "daemon/core/scheduling/shares.h"

#include <algorithm>
#include <utility>

#include "daemon/core/limits.h"

namespace pq::core {
namespace {

constexpr double holder_behind_s = 1e-3;  // if two were served alike, the one without a slot is first

}  // namespace

bool operator<(const Rank& a, const Rank& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.slots != b.slots) return a.slots < b.slots;
  if (a.served_s != b.served_s) return a.served_s < b.served_s;
  return a.job < b.job;
}

bool is_odd_slot(const Rank& taker, const Rank& giver) {
  return taker.priority == giver.priority && giver.slots > taker.slots &&
         giver.slots < taker.slots + taker.cpus + giver.cpus;
}

bool may_take(const Rank& taker, const Rank& giver) {
  if (taker.priority != giver.priority) return taker.priority > giver.priority;
  if (!is_odd_slot(taker, giver)) return giver.slots > taker.slots;
  // A job without any slot takes one at the end of the giver's turn (Lease::turn_ends), if the giver was
  // served more. Between a few slots and one more there is less hurry.
  const double ahead_s = giver.served_s - taker.served_s;
  return ahead_s > (taker.slots == 0 ? 0 : seconds(limits::share_quantum));
}

// ---------------------------------------------------------------- jobs

void Shares::place(JobId job, const Claim& claim) {
  const auto [place, is_new] = jobs_.try_emplace(job);
  Entry& entry = place->second;
  if (!is_new && entry.claim == claim) return;
  const bool changes_class = is_new || entry.claim.priority != claim.priority;
  news_ = news_ || changes_class || (claim.is_hungry && !entry.claim.is_hungry);
  if (is_new) {
    entry.rank.job = job;
  } else {
    unlist(entry);
    count_served(entry);
    if (changes_class) leave_class(entry);
  }
  leases_ += claim.leases - entry.claim.leases;
  entry.claim = claim;
  if (changes_class) enter_class(entry);
  list(entry);
}

void Shares::remove(JobId job) {
  const auto place = jobs_.find(job);
  if (place == jobs_.end()) return;
  unlist(place->second);
  leave_class(place->second);
  leases_ -= place->second.claim.leases;
  jobs_.erase(place);
}

const Claim* Shares::claim(JobId job) const {
  const auto place = jobs_.find(job);
  return place == jobs_.end() ? nullptr : &place->second.claim;
}

void Shares::enter_class(Entry& entry) {
  Class& equals = classes_[entry.claim.priority];
  equals.jobs += 1;
  entry.served_s = equals.least_served_s;
  entry.counted_at_s = clock_s_;
}

void Shares::leave_class(const Entry& entry) {
  const auto equals = classes_.find(entry.claim.priority);
  if (--equals->second.jobs == 0) classes_.erase(equals);
}

void Shares::unlist(Entry& entry) {
  if (std::exchange(entry.stands_in_line, false)) {
    const auto line = hungry_.find(entry.claim.demand);
    line->second.erase(entry.rank);
    if (line->second.empty()) hungry_.erase(line);
    hungry_count_ -= 1;
    classes_.at(entry.claim.priority).in_line -= 1;
  }
  if (std::exchange(entry.is_holder, false)) holders_.erase(entry.rank);
}

void Shares::list(Entry& entry) {
  entry.rank.priority = entry.claim.priority;
  entry.rank.cpus = entry.claim.demand.cpus;
  entry.rank.slots = (entry.staying() + entry.promised) * entry.claim.demand.cpus;
  entry.rank.served_s = entry.served_s + (entry.rank.slots > 0 ? holder_behind_s : 0);
  entry.stands_in_line = entry.claim.is_hungry && !entry.passed_over;
  entry.is_holder = entry.staying() > 0;
  if (entry.stands_in_line) {
    hungry_[entry.claim.demand].insert(entry.rank);
    hungry_count_ += 1;
    classes_.at(entry.claim.priority).in_line += 1;
  }
  if (entry.is_holder) holders_.insert(entry.rank);
}

// ---------------------------------------------------------------- time

void Shares::tell_time(Instant now) {
  const Duration passed = now - std::exchange(told_at_, now);
  if (are_contended()) clock_s_ += seconds(passed);
}

bool Shares::are_contended() const {
  if (hungry_count_ == 0 || leases_ == 0) return false;
  return hungry_count_ > 1 || leases_ > jobs_.at(first_hungry()->job).claim.leases;
}

void Shares::count_served(Entry& entry) const {
  const double passed_s = clock_s_ - std::exchange(entry.counted_at_s, clock_s_);
  entry.served_s += passed_s * static_cast<double>(entry.claim.leases * entry.claim.demand.cpus);
}

void Shares::count_served() {
  std::map<std::int32_t, double> least;
  std::vector<Entry*> holding;
  for (const Rank& rank : holders_) holding.push_back(&jobs_.at(rank.job));
  for (Entry* entry : holding) {
    unlist(*entry);
    count_served(*entry);
    const auto [place, is_first] = least.try_emplace(entry->claim.priority, entry->served_s);
    if (!is_first) place->second = std::min(place->second, entry->served_s);
  }
  for (const auto& [priority, served_s] : least) {
    double& least_served_s = classes_.at(priority).least_served_s;
    least_served_s = std::max(least_served_s, served_s);
  }
  const double credit_s = 2 * seconds(limits::share_quantum);
  for (Entry* entry : holding) {
    const double middle_s = classes_.at(entry->claim.priority).least_served_s;
    entry->served_s = std::clamp(entry->served_s, middle_s - credit_s, middle_s + credit_s);
    list(*entry);
  }
}

// ---------------------------------------------------------------- the line

std::size_t Shares::in_line(std::int32_t priority) const {
  std::size_t jobs = 0;
  for (auto equals = classes_.lower_bound(priority); equals != classes_.end(); ++equals)
    jobs += equals->second.in_line;
  return jobs;
}

const Rank* Shares::first_hungry() const {
  const Rank* first = nullptr;
  for (const auto& [demand, line] : hungry_) {
    if (first == nullptr || *line.begin() < *first) first = &*line.begin();
  }
  return first;
}

bool Shares::some_may_take() const {
  const Rank* first = first_hungry();
  return first != nullptr && !holders_.empty() && may_take(*first, *holders_.rbegin());
}

void Shares::promise(JobId job) {
  Entry& entry = jobs_.at(job);
  unlist(entry);
  entry.promised += 1;
  promised_.push_back(job);
  list(entry);
}

void Shares::pass_over(JobId job) {
  Entry& entry = jobs_.at(job);
  unlist(entry);
  entry.passed_over = true;
  promised_.push_back(job);
  list(entry);
}

void Shares::suppose_leaving(JobId job) {
  Entry& entry = jobs_.at(job);
  unlist(entry);
  entry.supposed_leaving += 1;
  promised_.push_back(job);
  list(entry);
}

void Shares::forget_promises() {
  for (const JobId job : std::exchange(promised_, {})) {
    Entry& entry = jobs_.at(job);
    unlist(entry);
    entry.promised = entry.supposed_leaving = 0;
    entry.passed_over = false;
    list(entry);
  }
}

}  // namespace pq::core
