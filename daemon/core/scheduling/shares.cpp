#include "daemon/core/scheduling/shares.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/core/limits.h"

namespace pq::core {
namespace {

// No more than two turns behind or ahead of its equals.
double near(double served_s, double middle_s) {
  const double credit_s = 2 * seconds(limits::share_quantum);
  return std::clamp(served_s, middle_s - credit_s, middle_s + credit_s);
}

}  // namespace

// ---------------------------------------------------------------- jobs

void Shares::place(JobId job, const Claim& claim) {
  const auto [place, is_new] = jobs_.try_emplace(job);
  Entry& entry = place->second;
  if (!is_new && entry.claim == claim) return;
  const bool changes_group =
      is_new || entry.claim.priority != claim.priority || entry.claim.submitter != claim.submitter;
  counts_.news = counts_.news || changes_group || (claim.is_hungry && !entry.claim.is_hungry);
  if (!is_new) {
    unlist(job, entry);
    count_served(entry);
    if (changes_group) leave(entry);
  }
  counts_.leases += claim.leases - entry.claim.leases;
  entry.claim = claim;
  if (changes_group) enter(entry);
  list(job, entry);
}

void Shares::remove(JobId job) {
  const auto place = jobs_.find(job);
  if (place == jobs_.end()) return;
  unlist(job, place->second);
  leave(place->second);
  counts_.leases -= place->second.claim.leases;
  jobs_.erase(place);
}

const Claim* Shares::claim(JobId job) const {
  const auto place = jobs_.find(job);
  return place == jobs_.end() ? nullptr : &place->second.claim;
}

void Shares::enter(Entry& entry) {
  const auto [submitter, is_new_name] = submitters_.try_emplace(entry.claim.submitter);
  if (is_new_name) submitter->second.id = {++counts_.last_submitter.value};
  submitter->second.jobs += 1;
  entry.group = {submitter->second.id, entry.claim.priority};
  const auto [group, is_new] = groups_.try_emplace(entry.group);
  if (is_new) {
    Class& equals = classes_[entry.claim.priority];
    equals.groups += 1;
    group->second.all.served_s = equals.least_served_s;
    group->second.counted_at_s = clock_s_;
  }
  group->second.jobs += 1;
  entry.served_s = group->second.least_served_s;
  entry.counted_at_s = clock_s_;
}

// REQUIRES: the job is unlisted.
void Shares::leave(const Entry& entry) {
  const auto submitter = submitters_.find(entry.claim.submitter);
  if (--submitter->second.jobs == 0) submitters_.erase(submitter);
  const auto group = groups_.find(entry.group);
  if (--group->second.jobs > 0) return put_back(group->first, group->second);
  groups_.erase(group);
  const auto equals = classes_.find(entry.group.priority);
  if (--equals->second.groups == 0) classes_.erase(equals);
}

// The job's group is out of the order of groups until it is listed again, or leaves.
void Shares::unlist(JobId job, Entry& entry) {
  ShareGroup& group = groups_.at(entry.group);
  take_out(entry.group, group);
  take_out(job, entry, group);
  group.all.slots -= entry.own.slots;
  group.serving -= entry.serving();
}

void Shares::list(JobId job, Entry& entry) {
  ShareGroup& group = groups_.at(entry.group);
  take_out(entry.group, group);
  put_back(job, entry, group);
  group.all.slots += entry.own.slots;
  group.serving += entry.serving();
  put_back(entry.group, group);
}

template <class Change>
void Shares::change(JobId job, const Change& change) {
  Entry& entry = jobs_.at(job);
  unlist(job, entry);
  change(entry);
  list(job, entry);
}

void Shares::take_out(JobId job, Entry& entry, ShareGroup& group) {
  const JobPlace place{entry.own, job, entry.claim.demand.cpus};
  group.holders.erase(place);
  if (!std::exchange(entry.stands_in_line, false)) return;
  const auto line = group.lines.find(entry.claim.demand);
  line->second.erase(place);
  if (line->second.empty()) group.lines.erase(line);
  group.jobs_in_line -= 1;
}

void Shares::put_back(JobId job, Entry& entry, ShareGroup& group) {
  const std::size_t cpus = entry.claim.demand.cpus;
  entry.own = as_listed((entry.staying() + entry.promised) * cpus, entry.served_s);
  if (entry.staying() > 0) group.holders.insert({entry.own, job, cpus});
  entry.stands_in_line = entry.claim.is_hungry && !entry.passed_over;
  if (!entry.stands_in_line) return;
  group.lines[entry.claim.demand].insert({entry.own, job, cpus});
  group.jobs_in_line += 1;
}

// ---------------------------------------------------------------- groups

void Shares::take_out(const ShareGroupKey& key, ShareGroup& group) {
  if (!std::exchange(group.is_listed, false)) return;
  const GroupPlace place = place_of(key, group);
  for (const auto& [demand, jobs] : group.lines) {
    const auto line = lines_.find(demand);
    line->second.erase(place);
    if (line->second.empty()) lines_.erase(line);
  }
  holders_.erase(place);
  unbalanced_.erase(key);
  Class& equals = classes_.at(key.priority);
  equals.groups_in_line -= group.lines.empty() ? 0 : 1;
  equals.jobs_in_line -= group.jobs_in_line;
  counts_.in_line -= group.jobs_in_line;
  const double passed_s = clock_s_ - std::exchange(group.counted_at_s, clock_s_);
  group.all.served_s += passed_s * static_cast<double>(group.serving);
}

void Shares::put_back(const ShareGroupKey& key, ShareGroup& group) {
  group.is_listed = true;
  const GroupPlace place = place_of(key, group);
  for (const auto& [demand, jobs] : group.lines) lines_[demand].insert(place);
  if (!group.holders.empty()) holders_.insert(place);
  const JobPlace* first = group.first_in_line();
  const bool is_unbalanced = first != nullptr && !group.holders.empty() &&
                             may_take(rank_of(place, *first), rank_of(place, *group.holders.rbegin()));
  if (is_unbalanced) unbalanced_.insert(key);
  Class& equals = classes_.at(key.priority);
  equals.groups_in_line += group.lines.empty() ? 0 : 1;
  equals.jobs_in_line += group.jobs_in_line;
  counts_.in_line += group.jobs_in_line;
}

Rank Shares::rank(JobId job) const {
  const Entry& entry = jobs_.at(job);
  return rank_of(place_of(entry.group, groups_.at(entry.group)), {entry.own, job, entry.claim.demand.cpus});
}

std::optional<std::string> Shares::miscounted() const {
  std::map<ShareGroupKey, ShareGroup> sums;
  for (const auto& [job, entry] : jobs_) {
    ShareGroup& sum = sums[entry.group];
    sum.jobs += 1;
    sum.jobs_in_line += entry.claim.is_hungry ? 1 : 0;
    sum.all.slots += entry.staying() * entry.claim.demand.cpus;
    sum.serving += entry.serving();
  }
  for (const auto& [key, group] : groups_) {
    const ShareGroup& sum = sums[key];
    if (sum.jobs != group.jobs || sum.jobs_in_line != group.jobs_in_line ||
        sum.all.slots != group.all.slots || sum.serving != group.serving) {
      return "what submitter " + std::to_string(key.submitter.value) + " has at priority " +
             std::to_string(key.priority) + " is miscounted";
    }
  }
  return sums.size() == groups_.size() ? std::nullopt
                                       : std::optional<std::string>("a submitter has no group");
}

// ---------------------------------------------------------------- time

void Shares::tell_time(Instant now) {
  const Duration passed = now - std::exchange(told_at_, now);
  if (are_contended()) clock_s_ += seconds(passed);
}

bool Shares::are_contended() const {
  if (counts_.in_line == 0 || counts_.leases == 0) return false;
  return counts_.in_line > 1 || counts_.leases > jobs_.at(first_hungry()->job).claim.leases;
}

void Shares::count_served(Entry& entry) const {
  const double passed_s = clock_s_ - std::exchange(entry.counted_at_s, clock_s_);
  entry.served_s += passed_s * static_cast<double>(entry.serving());
}

// Of each holder in the group, which is out of the order of groups.
void Shares::count_served(ShareGroup& group) {
  std::vector<std::pair<JobId, Entry*>> holding;
  for (const JobPlace& place : group.holders) holding.emplace_back(place.job, &jobs_.at(place.job));
  double least_s = std::numeric_limits<double>::infinity();
  for (const auto& [job, entry] : holding) {
    take_out(job, *entry, group);
    count_served(*entry);
    least_s = std::min(least_s, entry->served_s);
  }
  group.least_served_s = std::max(group.least_served_s, least_s);
  for (const auto& [job, entry] : holding) {
    entry->served_s = near(entry->served_s, group.least_served_s);
    put_back(job, *entry, group);
  }
}

void Shares::count_served() {
  std::vector<std::pair<ShareGroupKey, ShareGroup*>> holding;
  for (const GroupPlace& place : holders_) holding.emplace_back(place.key, &groups_.at(place.key));
  std::map<std::int32_t, double> least;
  for (const auto& [key, group] : holding) {
    take_out(key, *group);
    count_served(*group);
    const auto [place, is_first] = least.try_emplace(key.priority, group->all.served_s);
    if (!is_first) place->second = std::min(place->second, group->all.served_s);
  }
  for (const auto& [priority, served_s] : least) {
    double& least_served_s = classes_.at(priority).least_served_s;
    least_served_s = std::max(least_served_s, served_s);
  }
  for (const auto& [key, group] : holding) {
    group->all.served_s = near(group->all.served_s, classes_.at(key.priority).least_served_s);
    put_back(key, *group);
  }
}

// ---------------------------------------------------------------- the line

// With those of higher priority it shares as if each of them were its equal.
double Shares::expected_slots(JobId job, double slots) const {
  const ShareGroupKey& key = jobs_.at(job).group;
  std::size_t sharers = 0;
  for (auto higher = classes_.upper_bound(key.priority); higher != classes_.end(); ++higher)
    sharers += higher->second.jobs_in_line;
  const std::size_t groups = std::max<std::size_t>(1, classes_.at(key.priority).groups_in_line);
  sharers += groups * std::max<std::size_t>(1, groups_.at(key).jobs_in_line);
  return std::max(1.0, slots / static_cast<double>(sharers));
}

std::optional<Rank> Shares::first_hungry() const {
  std::optional<Rank> first;
  for (const auto& [demand, line] : lines_) {
    visit_line(demand, [&](const Rank& rank) {
      if (!first || rank < *first) first = rank;
      return true;
    });
  }
  return first;
}

std::vector<Rank> Shares::holders() const {
  std::vector<Rank> ranks;
  for (const GroupPlace& group : holders_) {
    for (const JobPlace& job : groups_.at(group.key).holders) ranks.push_back(rank_of(group, job));
  }
  return ranks;
}

std::optional<Rank> Shares::next_taker() const {
  if (holders_.empty()) return std::nullopt;
  const GroupPlace& last = *holders_.rbegin();
  const auto first = first_hungry();
  if (first && may_take(*first, rank_of(last, *groups_.at(last.key).holders.rbegin()))) return first;
  if (unbalanced_.empty()) return std::nullopt;
  const ShareGroupKey& key = *unbalanced_.begin();
  const ShareGroup& group = groups_.at(key);
  return rank_of(place_of(key, group), *group.first_in_line());
}

// ---------------------------------------------------------------- a plan

void Shares::promise(JobId job) {
  change(job, [](Entry& entry) { entry.promised += 1; });
  promised_.push_back(job);
}

void Shares::pass_over(JobId job) {
  change(job, [](Entry& entry) { entry.passed_over = true; });
  promised_.push_back(job);
}

void Shares::suppose_leaving(JobId job) {
  change(job, [](Entry& entry) { entry.supposed_leaving += 1; });
  promised_.push_back(job);
}

void Shares::forget_promises() {
  for (const JobId job : std::exchange(promised_, {})) {
    change(job, [](Entry& entry) {
      entry.promised = entry.supposed_leaving = 0;
      entry.passed_over = false;
    });
  }
}

}  // namespace pq::core
