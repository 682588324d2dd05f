#include "daemon/core/scheduling/candidates.h"

#include "daemon/core/limits.h"
#include "daemon/core/scheduling/costs.h"

namespace pq::core {

// Whether other agents could compute it, among those that `who` accepts.
template <class Who>
bool Candidates::others_can(const Agent& agent, const Job& job, const Who& who) const {
  const auto& all = fleet_.roster().all();
  return std::any_of(all.begin(), all.end(), [&](const auto& other) {
    return other.first != agent.row.id && other.second.is_expected() &&
           other.second.can_compute(job.demand) && who(other.second);
  });
}

bool Candidates::others_might_succeed(const Agent& agent, const Job& job, const Evidence& part) const {
  return others_can(agent, job, [&](const Agent& other) {
    return !part.has_failed_on(other.row.id) && job.records.might_succeed(other.row.id) &&
           !is_suspended(other, job);
  });
}

bool Candidates::all_have_tried(const Job& job) const {
  const auto& all = fleet_.roster().all();
  return std::none_of(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second.is_expected() && entry.second.can_compute(job.demand) &&
           job.records.find(entry.first) == nullptr;
  });
}

// An agent that has succeeded with the job is silent or gone, but not for so long that it is no longer
// expected.
bool Candidates::others_may_come_back(const Job& job) const {
  const auto& all = fleet_.roster().all();
  return std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    const Agent& other = entry.second;
    return !other.takes_work() && now_.instant - other.heard_at < limits::comeback_term &&
           job.records.has_succeeded(entry.first);
  });
}

// Not if a stuck step holds the slots that it would need.
bool Candidates::begins_soon(const Agent& agent, const Job& job) const {
  return job.demand.cpus <= agent.slots_idle() ||
         std::none_of(agent.leases.begin(), agent.leases.end(), [&](LeaseId held) {
           return stuck_for(as_stuck(fleet_.lease(held), jobs_, fleet_)).has_value();
         });
}

bool Candidates::holds_suspect(const Agent& agent) const {
  return std::any_of(agent.leases.begin(), agent.leases.end(),
                     [&](LeaseId held) { return fleet_.lease(held).is_suspect; });
}

// Agents with less evidence against them go first, so one of the able agents always takes the part. A part
// with which agents were lost goes to an agent that holds no other one: with two in hand, both would be
// blamed.
bool Candidates::takes_part(const Agent& agent, const Job& job, const Evidence& part,
                            bool has_suspect) const {
  const bool suspected = is_suspect(job.row.spec, part);
  if (suspected && has_suspect) return false;
  const int mine = part.against(agent.row.id);
  return mine == 0 || !others_can(agent, job, [&](const Agent& other) {
           return other.takes_work() && part.against(other.row.id) < mine &&
                  !(suspected && holds_suspect(other)) && begins_soon(other, job) &&
                  !is_suspended(other, job);
         });
}

// An agent on which much of the job has failed in a row waits for others to try it, or to come back.
std::optional<Range> Candidates::free_for(const Agent& agent, const Job& job) const {
  const bool waits_for_others = is_suspended(agent, job) &&
                                (others_may_come_back(job) || others_can(agent, job, [&](const Agent& other) {
                                   return !is_suspended(other, job);
                                 }));
  if (waits_for_others) return std::nullopt;
  // Parts that it has tried itself come last: they may do better elsewhere.
  const bool has_suspect = holds_suspect(agent);
  const auto untried = job.ledger.next_free([&](const Evidence& part) {
    return part.against(agent.row.id) == 0 && takes_part(agent, job, part, has_suspect);
  });
  if (untried) return untried;
  return job.ledger.next_free(
      [&](const Evidence& part) { return takes_part(agent, job, part, has_suspect); });
}

}  // namespace pq::core
