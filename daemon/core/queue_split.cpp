// Slots that are idle though nothing is free for them: they take over from running leases. What a silent
// agent holds is freed early; the longest of the others are asked to end where both would end together.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daemon/core/queue.h"
#include "daemon/core/schedule.h"

namespace pq {

void Queue::serve_idle(Now now, Effects& effects) {
  if (idle_.empty() || leases_.all().empty() || now.instant < idle_pass_.due()) return;
  const bool freed = take_from_silent(now, effects);
  if (freed) give_work(now);
  const bool asked = split_running(now);
  idle_pass_.made(now.instant, leases_.all().size(), freed || asked);
}

// ---------------------------------------------------------------- silence near the end

// Shorter than a lease's term: here a slot stands idle meanwhile. If the agent comes back it finds these
// leases gone, and the worst is that a few seconds were computed twice.
Duration Queue::tail_term() const {
  const Duration beats = 3 * std::chrono::milliseconds(beat_ms()) + limits::tail_margin;
  return std::min(std::max(beats, limits::tail_term_least), settings_.lease_term);
}

// Only if it was heard since the head's start, and not for time in which the head did not listen.
bool Queue::notice_silence(Agent& agent, Now now) {
  if (agent.peer && !agent.gone && now.instant - std::max(agent.heard_at, awake_since_) > tail_term()) {
    agent.quiet = true;
    note_idle(agent);
  }
  return agent.quiet;
}

// As many leases as there are idle slots: the rest may still come back with its holder.
bool Queue::take_from_silent(Now now, Effects& effects) {
  std::size_t slots = 0;
  std::vector<const Agent*> takers;
  for (const AgentId id : std::vector<AgentId>(idle_.begin(), idle_.end())) {
    Agent& agent = roster_.at(id);
    if (notice_silence(agent, now)) continue;
    slots += agent.slots_idle();
    takers.push_back(&agent);
  }
  std::map<Demand, bool> known;
  const auto is_computable = [&](const Demand& demand) {
    const auto [place, is_new] = known.try_emplace(demand);
    if (is_new) {
      place->second = std::any_of(takers.begin(), takers.end(), [&](const Agent* agent) {
        return agent->can_compute(demand) && demand.cpus <= agent->slots_idle();
      });
    }
    return place->second;
  };
  std::vector<LeaseId> lost;
  for (const auto& [id, lease] : leases_.all()) {
    if (lost.size() == slots) break;
    if (!notice_silence(roster_.at(lease.agent), now)) continue;
    const Job& job = jobs_.at(lease.job);
    if (job.row.state != JobState::paused && is_computable(job.demand)) lost.push_back(id);
  }
  for (const LeaseId id : lost) lose_lease(id, "its holder is silent while slots are idle", effects);
  return !lost.empty();
}

// ---------------------------------------------------------------- splits

Running Queue::as_running(const Lease& lease, Now now) {
  Job& job = jobs_.at(lease.job);
  const Agent& holder = roster_.at(lease.agent);
  return {.range = {lease.begin, job.ledger.end_of(lease.begin)},
          .upto = job.ledger.leased_at(lease.begin)->upto,
          .since_commit = now.instant - lease.progress_at,
          .cost = cost_for(holder, job, lease.begin, now),
          .same_step = std::max(Duration{0}, holder.heard_at - lease.progress_at),
          .beat = std::chrono::milliseconds(beat_ms()),
          .step_width_least =
              job.row.spec.program ? std::max<std::uint64_t>(1, job.row.spec.program->run_width) : 1};
}

// The holder is asked once; until it has answered, and for a while after, no split is asked of it.
void Queue::ask_to_end(LeaseId id, std::uint64_t end, Now now) {
  Lease& lease = *leases_.find(id);
  lease.end_asked = end;
  lease.asked_in = roster_.at(lease.agent).orders_number + 1;
  lease.next_ask = now.instant + limits::ask_pause;
  orders_due_.insert(lease.agent);
}

bool Queue::split_running(Now now) {
  std::set<std::pair<double, LeaseId>> longest;
  for (const auto& [id, lease] : leases_.all()) {
    if (lease.end_asked || lease.leaving || now.instant < lease.next_ask) continue;
    if (roster_.at(lease.agent).quiet) continue;
    const Running running = as_running(lease, now);
    const double rest_s = predicted_rest_s(running);
    if (rest_s >= seconds(limits::split_gain_least)) longest.emplace(-rest_s, id);
  }
  bool asked = false;
  std::size_t looks_left = limits::looks_per_lease * leases_.all().size();
  for (const AgentId thief_id : idle_) {
    const Agent& thief = roster_.at(thief_id);
    std::uint64_t slots_left = thief.slots_idle();
    for (auto next = longest.begin(); slots_left > 0 && next != longest.end() && looks_left > 0;
         --looks_left) {
      const auto candidate = next++;
      const Lease& lease = *leases_.find(candidate->second);
      Job& job = jobs_.at(lease.job);
      if (job.demand.cpus > slots_left || !thief.can_compute(job.demand)) continue;
      const auto point = split_point(as_running(lease, now), cost_for(thief, job, lease.begin, now));
      if (!point) continue;
      ask_to_end(candidate->second, *point, now);
      longest.erase(candidate);
      slots_left -= job.demand.cpus;
      asked = true;
    }
  }
  return asked;
}

}  // namespace pq
