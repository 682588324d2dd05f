// Work for idle slots: which job, how wide a lease, and which running lease to split when nothing is free.

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "daemon/core/queue.h"
#include "daemon/core/schedule.h"

namespace pq {

Cost Queue::cost_for(const Agent& agent, const Job& job, std::uint64_t at) const {
  const auto measured = agent.paces.find(job.row.id);
  return measured != agent.paces.end() ? measured->second : expected_cost(job.row.spec.kernel, at);
}

double Queue::fleet_per_s(Job& job, Now now) {
  if (now.instant < job.fleet_known_until) return job.fleet_per_s;
  const std::uint64_t middle = job.row.spec.range.begin + job.row.spec.range.width() / 2;
  double per_s = 0;
  for (const auto& [id, agent] : roster_.all()) {
    if (!agent.takes_work() || !agent.can_compute(job.row.spec.kernel)) continue;
    per_s += agent.row.slots / cost_for(agent, job, middle).per_integer_s;
  }
  job.fleet_per_s = per_s;
  job.fleet_known_until = now.instant + limits::fleet_rate_kept;
  return per_s;
}

// What has failed on this very agent is left to others as long as there are any that could try it.
std::optional<Range> Queue::free_for(const Agent& agent, const Job& job) const {
  const auto untried = job.ledger.next_free(agent.row.id, true);
  if (untried) return untried;
  const bool others_can = std::any_of(roster_.all().begin(), roster_.all().end(), [&](const auto& other) {
    return other.first != agent.row.id && other.second.takes_work() &&
           other.second.can_compute(job.row.spec.kernel);
  });
  return others_can ? std::nullopt : job.ledger.next_free(agent.row.id, false);
}

// Higher priority first; among equals the one with the fewest leases, then the oldest.
Job* Queue::next_job(const Agent& agent, Range& free) {
  const auto rank = [](const Job& job) {
    return std::tuple(-std::int64_t{job.row.spec.priority}, job.ledger.leases(), job.row.id);
  };
  Job* best = nullptr;
  for (const JobId id : open_jobs_) {
    Job& job = jobs_.at(id);
    if (job.row.state == JobState::paused || !job.ledger.has_free()) continue;
    if (best != nullptr && rank(*best) < rank(job)) continue;
    if (!agent.can_compute(job.row.spec.kernel)) continue;
    const std::optional<Range> found = free_for(agent, job);
    if (!found) continue;
    best = &job;
    free = *found;
  }
  return best;
}

// The expected cost of an integer grows with its place, so the width is asked for twice: with the cost where
// the lease begins, then with the cost where it would end.
std::uint64_t Queue::width_for(Job& job, const Agent& agent, const Range& free, Now now) {
  WidthFacts facts{.cost = cost_for(agent, job, free.begin),
                   .is_measured = agent.paces.contains(job.row.id),
                   .rest = static_cast<double>(job.ledger.rest()),
                   .fleet_per_s = fleet_per_s(job, now)};
  const std::uint64_t at_most = std::min(lease_width(facts), free.width());
  facts.cost = cost_for(agent, job, free.begin + at_most);
  return lease_width(facts);
}

void Queue::grant(Job& job, Agent& agent, const Range& free, Now now) {
  std::uint64_t width = width_for(job, agent, free, now);
  // A crumb is not worth a lease of its own.
  if (free.width() > width && free.width() - width < width / 16) width = free.width();
  const LeaseId id = leases_.next_id();
  Lease lease;
  lease.job = job.row.id;
  lease.begin = free.begin;
  lease.agent = agent.row.id;
  lease.granted_in = agent.orders_number + 1;
  lease.progress_at = now.instant;
  job.ledger.grant(free.begin, id, agent.row.id, width, changes_);
  leases_.add(id, lease);
  agent.leases.insert(id);
  orders_due_.insert(agent.row.id);
  touch(job.row.id);
  job.row.leases.granted += 1;
  job.row.state = JobState::running;
  if (!job.row.started_unix_ms) job.row.started_unix_ms = now.unix_ms;
}

void Queue::give_work(Now now) {
  const auto has_work = [&](JobId id) {
    const Job& job = jobs_.at(id);
    return job.row.state != JobState::paused && job.ledger.has_free();
  };
  if (std::none_of(open_jobs_.begin(), open_jobs_.end(), has_work)) return;
  const std::vector<AgentId> idle(idle_.begin(), idle_.end());
  for (const AgentId id : idle) {
    Agent& agent = roster_.at(id);
    Range free;
    while (agent.has_idle_slot()) {
      Job* job = next_job(agent, free);
      if (job == nullptr) break;
      grant(*job, agent, free, now);
    }
    note_idle(agent);
  }
}

// The holder is asked once; until it has answered, and for a while after, nothing more is asked of it.
void Queue::ask_to_end(LeaseId id, std::uint64_t end, Now now) {
  Lease& lease = *leases_.find(id);
  lease.end_asked = end;
  lease.asked_in = roster_.at(lease.agent).orders_number + 1;
  lease.next_ask = now.instant + limits::ask_pause;
  orders_due_.insert(lease.agent);
}

// Slots are idle though nothing is free: the leases with the longest predicted rest are asked to end earlier,
// so that their holders and the idle slots end together.
void Queue::split_running(Now now) {
  split_is_due_ = !idle_.empty() && !leases_.all().empty() && now.instant < next_split_;
  if (idle_.empty() || leases_.all().empty() || now.instant < next_split_) return;
  next_split_ = now.instant + limits::split_pause;
  const auto as_running = [&](const Lease& lease) {
    const Job& job = jobs_.at(lease.job);
    return Running{.range = {lease.begin, job.ledger.end_of(lease.begin)},
                   .upto = job.ledger.leased_at(lease.begin)->upto,
                   .since_commit = now.instant - lease.progress_at,
                   .cost = cost_for(roster_.at(lease.agent), job, lease.begin)};
  };
  std::set<std::pair<double, LeaseId>> longest;
  for (const auto& [id, lease] : leases_.all()) {
    if (lease.end_asked || now.instant < lease.next_ask || jobs_.at(lease.job).row.state == JobState::paused)
      continue;
    longest.emplace(-predicted_rest_s(as_running(lease)), id);
  }
  for (const AgentId thief_id : idle_) {
    const Agent& thief = roster_.at(thief_id);
    std::size_t slots_left = thief.row.slots - thief.leases.size();
    for (auto candidate = longest.begin(); slots_left > 0 && candidate != longest.end();) {
      const Lease& lease = *leases_.find(candidate->second);
      const Job& job = jobs_.at(lease.job);
      if (!thief.can_compute(job.row.spec.kernel)) {
        ++candidate;
        continue;
      }
      const auto point = split_point(as_running(lease), cost_for(thief, job, lease.begin));
      if (!point) break;  // the longest is not worth it for this agent, so no other is
      ask_to_end(candidate->second, *point, now);
      candidate = longest.erase(candidate);
      --slots_left;
    }
  }
}

}  // namespace pq
