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
  const auto [name, is_new_name] = names_.try_emplace(entry.claim.submitter);
  if (is_new_name) name->second = {++counts_.last_submitter.value};
  Submitter& submitter = submitters_[name->second];
  submitter.jobs += 1;
  submitter.slots_max = entry.claim.slots_max;
  entry.group = {name->second, entry.claim.priority};
  const auto [group, is_new] = groups_.try_emplace(entry.group);
  if (is_new) {
    Class& equals = classes_[entry.claim.priority];
    equals.groups += 1;
    group->second.all.served_s = equals.least_served_s;
    group->second.counted_at_s = clock_.s;
  }
  group->second.jobs += 1;
  entry.served_s = group->second.least_served_s;
  entry.counted_at_s = clock_.s;
}

// REQUIRES: the job is unlisted.
void Shares::leave(const Entry& entry) {
  const auto submitter = submitters_.find(entry.group.submitter);
  if (--submitter->second.jobs == 0) {
    submitters_.erase(submitter);
    names_.erase(entry.claim.submitter);
  }
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
  Submitter& submitter = submitters_.at(entry.group.submitter);
  submitter.jobs_in_line -= entry.stands_in_line ? 1 : 0;
  take_out(job, entry, group);
  submitter.slots -= entry.own.slots;
  submitter.serving -= entry.serving();
  group.all.slots -= entry.own.slots;
  group.serving -= entry.serving();
}

void Shares::list(JobId job, Entry& entry) {
  ShareGroup& group = groups_.at(entry.group);
  take_out(entry.group, group);
  put_back(job, entry, group);
  Submitter& submitter = submitters_.at(entry.group.submitter);
  submitter.jobs_in_line += entry.stands_in_line ? 1 : 0;
  submitter.slots += entry.own.slots;
  submitter.serving += entry.serving();
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
  group.jobs_in_line -= 1;
  if (!line->second.empty()) return;
  group.lines.erase(line);
  const auto demand = demands_.find(entry.claim.demand);
  if (--demand->second == 0) demands_.erase(demand);
}

void Shares::put_back(JobId job, Entry& entry, ShareGroup& group) {
  const std::size_t cpus = entry.claim.demand.cpus;
  entry.own = as_listed((entry.staying() + entry.promised) * cpus, entry.served_s);
  if (entry.staying() > 0) group.holders.insert({entry.own, job, cpus});
  entry.stands_in_line = entry.waits();
  if (!entry.stands_in_line) return;
  auto& line = group.lines[entry.claim.demand];
  if (line.empty()) demands_[entry.claim.demand] += 1;
  line.insert({entry.own, job, cpus});
  group.jobs_in_line += 1;
}

// ---------------------------------------------------------------- groups

void Shares::take_out(const ShareGroupKey& key, ShareGroup& group) {
  if (!std::exchange(group.is_listed, false)) return;
  const GroupPlace place = place_of(key, group);
  in_line_.erase(place);
  holders_.erase(place);
  unbalanced_.erase(key);
  Class& equals = classes_.at(key.priority);
  equals.groups_in_line -= group.lines.empty() ? 0 : 1;
  equals.jobs_in_line -= group.jobs_in_line;
  counts_.in_line -= group.jobs_in_line;
  const double passed_s = clock_.s - std::exchange(group.counted_at_s, clock_.s);
  group.all.served_s += passed_s * static_cast<double>(group.serving);
}

void Shares::put_back(const ShareGroupKey& key, ShareGroup& group) {
  group.is_listed = true;
  const GroupPlace place = place_of(key, group);
  if (!group.lines.empty()) in_line_.insert(place);
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
    sum.jobs_in_line += entry.waits() ? 1 : 0;
    sum.all.slots += entry.staying() * entry.claim.demand.cpus;
    sum.serving += entry.serving();
  }
  std::map<SubmitterId, std::size_t> serving;
  for (const auto& [key, group] : groups_) {
    serving[key.submitter] += group.serving;
    const ShareGroup& sum = sums[key];
    if (sum.jobs != group.jobs || sum.jobs_in_line != group.jobs_in_line ||
        sum.all.slots != group.all.slots || sum.serving != group.serving) {
      return "what submitter " + std::to_string(key.submitter.value) + " has at priority " +
             std::to_string(key.priority) + " is miscounted";
    }
  }
  if (sums.size() != groups_.size()) return "a submitter has no group";
  for (const auto& [id, submitter] : submitters_) {
    if (serving[id] != submitter.serving)
      return "the slots of submitter " + std::to_string(id.value) + " are miscounted";
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- time

void Shares::tell_time(Instant now) {
  const Duration passed = now - std::exchange(clock_.told_at, now);
  if (are_contended()) clock_.s += seconds(passed);
}

bool Shares::are_contended() const {
  if (counts_.in_line == 0 || counts_.leases == 0) return false;
  if (const auto first = first_hungry())
    return counts_.in_line > 1 || counts_.leases > jobs_.at(first->job).claim.leases;
  // Nobody may have more: then jobs wait for slots of their own submitters' others at most.
  return std::any_of(submitters_.begin(), submitters_.end(), [](const auto& entry) {
    return entry.second.jobs_in_line > 0 && entry.second.jobs > 1;
  });
}

void Shares::count_served(Entry& entry) const {
  const double passed_s = clock_.s - std::exchange(entry.counted_at_s, clock_.s);
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
  const double mine = slots / static_cast<double>(sharers);
  const auto& bound = submitters_.at(key.submitter).slots_max;
  const std::size_t own = std::max<std::size_t>(1, groups_.at(key).jobs_in_line);
  const double at_most = bound ? static_cast<double>(*bound) / static_cast<double>(own) : mine;
  return std::max(1.0, std::min(mine, at_most));
}

// What waits for several slots at once would never find room beside what waits for fewer. So they are kept
// for the first in line.
bool Shares::has_room(SubmitterId id, std::size_t cpus) const {
  const Submitter& submitter = submitters_.at(id);
  if (!submitter.slots_max) return true;
  const auto first = first_of(id);
  const std::size_t kept = first && first->cpus > cpus ? first->cpus : 0;
  return (counts_.plans ? submitter.slots : submitter.serving) + kept + cpus <= *submitter.slots_max;
}

bool Shares::has_room(JobId job) const {
  const Entry& entry = jobs_.at(job);
  return has_room(entry.group.submitter, entry.claim.demand.cpus);
}

std::optional<Rank> Shares::first_of(SubmitterId submitter) const {
  const auto lowest = groups_.lower_bound({submitter, std::numeric_limits<std::int32_t>::min()});
  auto group = groups_.upper_bound({submitter, std::numeric_limits<std::int32_t>::max()});
  while (group != lowest) {
    --group;
    const JobPlace* first = group->second.first_in_line();
    if (first != nullptr) return rank_of(place_of(group->first, group->second), *first);
  }
  return std::nullopt;
}

std::optional<Rank> Shares::first_hungry() const {
  std::optional<Rank> first;
  visit_line([&](const GroupPlace& place, const ShareGroup& group) {
    for (const auto& [demand, line] : group.lines) {
      if (!has_room(place.key.submitter, demand.cpus)) continue;
      const Rank rank = rank_of(place, *line.begin());
      if (!first || rank < *first) first = rank;
    }
    return first.has_value();
  });
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
  if (!unbalanced_.empty()) {
    const ShareGroupKey& key = *unbalanced_.begin();
    const ShareGroup& group = groups_.at(key);
    return rank_of(place_of(key, group), *group.first_in_line());
  }
  // Who may have no more takes from its own jobs of lower priority.
  for (const auto& [id, submitter] : submitters_) {
    if (!submitter.slots_max || submitter.jobs_in_line == 0) continue;
    const auto waiting = first_of(id);
    bool may = false;
    if (!has_room(id, waiting->cpus))
      visit_givers(*waiting, [&](const Rank& /*giver*/) { return may = true; });
    if (may) return waiting;
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- a plan

void Shares::suppose(JobId job, Supposed what) {
  change(job, [&](Entry& entry) {
    entry.promised += what == Supposed::promised ? 1 : 0;
    entry.supposed_leaving += what == Supposed::leaving ? 1 : 0;
    entry.passed_over = entry.passed_over || what == Supposed::passed_over;
  });
  supposed_.push_back(job);
}

void Shares::end_plan() {
  counts_.plans = false;
  for (const JobId job : std::exchange(supposed_, {})) {
    change(job, [](Entry& entry) {
      entry.promised = entry.supposed_leaving = 0;
      entry.passed_over = false;
    });
  }
}

}  // namespace pq::core
