// Work for idle slots: which job, and how wide a lease.

#include <algorithm>
#include <utility>

#include "daemon/core/queue.h"
#include "daemon/core/schedule.h"

namespace pq {

// ---------------------------------------------------------------- what a job costs

const Speeds& Queue::speeds(Job& job, Now now) {
  if (now.instant < job.speeds_known_until) return job.speeds;
  std::vector<Measured> measured;
  std::uint64_t places_unmeasured = roster_.places_for(job.demand);
  for (const AgentId id : job.measured_by) {
    const Agent& agent = roster_.at(id);
    if (!agent.can_compute(job.demand)) continue;
    const std::uint32_t places = agent.slots_counted / job.demand.cpus;
    measured.push_back({agent.paces.at(job.row.id), places});
    places_unmeasured -= places;
  }
  const Range& range = job.row.spec.range;
  const Cost expected =
      job.usual_before.value_or(expected_cost(job.row.spec.kernel, range.begin + range.width() / 2));
  job.speeds = speeds_of(measured, places_unmeasured, expected);
  job.speeds_known_until = now.instant + limits::fleet_rate_kept;
  return job.speeds;
}

// As it measured itself; else as others did; else as they once did, for an agent remembers some jobs only;
// else as the kernel expects, which of a program is next to nothing.
Cost Queue::cost_for(const Agent& agent, Job& job, std::uint64_t at, Now now) {
  const auto measured = agent.paces.find(job.row.id);
  if (measured != agent.paces.end()) return measured->second;
  const std::optional<Cost> usual = speeds(job, now).usual;
  if (usual) return *usual;
  const bool is_sieve = job.row.spec.kernel != Kernel::exec;
  return is_sieve || !job.usual_before ? expected_cost(job.row.spec.kernel, at) : *job.usual_before;
}

// The expected cost of an integer grows with its place, so the width is asked for twice: with the cost where
// the lease begins, then with the cost where it would end. With others in line a job may expect no more than
// its share of the slots, and needs no leases that are short enough for all of them.
std::uint64_t Queue::width_for(Job& job, const Agent& agent, const Range& free, Now now) {
  const auto slots = static_cast<double>(roster_.places_for(job.demand));
  const auto in_line = static_cast<double>(shares_.in_line(job.row.spec.priority));
  const double expects = std::max(1.0, slots / std::max(1.0, in_line));
  WidthFacts facts{.cost = cost_for(agent, job, free.begin, now),
                   .is_measured = agent.paces.contains(job.row.id),
                   .rest = static_cast<double>(job.ledger.rest()),
                   .fleet_per_s = speeds(job, now).slot_per_s * expects,
                   .is_alone = expects < 2};
  const std::uint64_t at_most = std::min(lease_width(facts), free.width());
  facts.cost = cost_for(agent, job, free.begin + at_most, now);
  return lease_width(facts);
}

// ---------------------------------------------------------------- which job

// Where it stands among the others, at once.
void Queue::rank(const Job& job) {
  const JobRow& row = job.row;
  if (has_ended(row.state)) return shares_.remove(row.id);
  shares_.place(row.id, {.priority = row.spec.priority,
                         .demand = job.demand,
                         .leases = job.ledger.leases(),
                         .leaving = job.leaving,
                         .is_hungry = row.state != JobState::paused && job.ledger.has_free()});
}

void Queue::rank_jobs() {
  for (const JobId id : std::exchange(unranked_, {})) {
    const auto job = jobs_.find(id);
    if (job == jobs_.end()) {
      shares_.remove(id);
    } else {
      rank(job->second);
    }
  }
}

// Others that could try it now, the suspended ones included or not.
bool Queue::others_can(const Agent& agent, const Job& job, Instant suspended_at) const {
  return std::any_of(roster_.all().begin(), roster_.all().end(), [&](const auto& other) {
    return other.first != agent.row.id && other.second.takes_work() && other.second.can_compute(job.demand) &&
           !is_suspended(other.first, job, suspended_at);
  });
}

bool Queue::is_suspended(AgentId agent, const Job& job, Instant at) {
  const auto record = job.records.find(agent);
  return record != job.records.end() && at < record->second.suspended_until;
}

// What has failed on this very agent is left to others as long as there are any that could try it. If much of
// it has failed here in a row, that is waited for.
std::optional<Range> Queue::free_for(const Agent& agent, const Job& job, Now now) const {
  if (is_suspended(agent.row.id, job, now.instant) && others_can(agent, job, now.instant))
    return std::nullopt;
  const auto untried = job.ledger.next_free(agent.row.id, true);
  if (untried || others_can(agent, job, Instant::never())) return untried;
  return job.ledger.next_free(agent.row.id, false);
}

// A job whose steps hold several slots would never find them idle at once beside jobs that need one. So one
// agent keeps its idle slots for it until they are enough; elsewhere it stands in nobody's way.
bool Queue::may_begin(Job& job, const Agent& agent, std::uint64_t slots) {
  if (job.demand.cpus <= slots) return true;
  if (job.gathers_on && *job.gathers_on != agent.row.id) {
    const auto other = roster_.all().find(*job.gathers_on);
    if (other == roster_.all().end() || !other->second.takes_work() || !other->second.can_compute(job.demand))
      job.gathers_on.reset();
  }
  if (!job.gathers_on) job.gathers_on = agent.row.id;
  return false;
}

// The first in line of those that this agent can take something of with so many slots.
Job* Queue::next_job(const Agent& agent, std::uint64_t slots, Now now, Range& free) {
  const Rank* best = nullptr;
  bool is_kept_for = false;
  for (const auto& [demand, line] : shares_.lines()) {
    if (!agent.can_compute(demand)) continue;
    for (const Rank& rank : line) {
      if (best != nullptr && *best < rank) break;
      Job& job = jobs_.at(rank.job);
      const std::optional<Range> found = free_for(agent, job, now);
      if (!found) continue;
      const bool begins = may_begin(job, agent, slots);
      if (!begins && job.gathers_on != agent.row.id) continue;
      best = &rank;
      is_kept_for = !begins;
      free = *found;
      break;
    }
  }
  slots_are_kept_ = slots_are_kept_ || is_kept_for;
  return best == nullptr || is_kept_for ? nullptr : &jobs_.at(best->job);
}

// ---------------------------------------------------------------- leases

void Queue::grant(Job& job, Agent& agent, const Range& free, Now now) {
  std::uint64_t width = width_for(job, agent, free, now);
  // A crumb is not worth a lease of its own.
  if (free.width() > width && free.width() - width < width / 16) width = free.width();
  const std::uint64_t least_end = width < free.width() ? free.begin + width : free.end;
  width = std::min(run_boundary(job.row.spec, least_end), free.end) - free.begin;
  const LeaseId id = leases_.next_id();
  Lease lease;
  lease.job = job.row.id;
  lease.begin = free.begin;
  lease.agent = agent.row.id;
  lease.cpus = job.demand.cpus;
  lease.collected.upto = free.begin;
  lease.granted_in = agent.orders_number + 1;
  lease.granted_unix_ms = now.unix_ms;
  lease.progress_at = now.instant;
  if (shares_.others_wait()) lease.turn_ends = now.instant + limits::share_quantum;
  job.ledger.grant(free.begin, id, agent.row.id, width, changes_);
  leases_.add(id, lease);
  agent.leases.insert(id);
  agent.slots_busy += lease.cpus;
  job.gathers_on.reset();
  orders_due_.insert(agent.row.id);
  touch(job.row.id);
  job.row.leases.granted += 1;
  lease_counts_.granted += 1;
  job.row.state = JobState::running;
  if (!job.row.started_unix_ms) job.row.started_unix_ms = now.unix_ms;
  rank(job);
}

// Once more if slots were kept for a job that has then begun elsewhere.
void Queue::give_work(Now now) {
  rank_jobs();
  for (bool again = shares_.any_hungry(); again;) {
    slots_are_kept_ = false;
    again = give_each(now) && slots_are_kept_;
  }
}

// True: a step that holds several slots was granted.
bool Queue::give_each(Now now) {
  bool wide_one_begins = false;
  const std::vector<AgentId> idle(idle_.begin(), idle_.end());
  for (const AgentId id : idle) {
    Agent& agent = roster_.at(id);
    if (notice_silence(agent, now)) continue;
    Range free;
    while (agent.has_idle_slot()) {
      Job* job = next_job(agent, agent.slots_idle(), now, free);
      if (job == nullptr) break;
      wide_one_begins = wide_one_begins || job->demand.cpus > 1;
      grant(*job, agent, free, now);
    }
    note_idle(agent);
  }
  return wide_one_begins;
}

}  // namespace pq
