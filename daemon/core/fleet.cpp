#include "daemon/core/fleet.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/protocol/limits.h"
#include "daemon/core/limits.h"

namespace pq::core {

Fleet::Fleet(Duration lease_term, Duration beat_interval, Epoch epoch)
    : lease_term_(lease_term), beat_interval_(beat_interval), leases_(epoch) {}

// ---------------------------------------------------------------- agents

std::size_t agents_alive(const Fleet& fleet) {
  const auto& all = fleet.roster().all();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [](const auto& entry) { return entry.second.peer().has_value(); }));
}

SlotCounts slot_counts(const Fleet& fleet) {
  SlotCounts slots;
  for (const auto& [id, agent] : fleet.roster().all()) {
    slots.busy += static_cast<std::uint32_t>(agent.slots_busy);
    if (agent.takes_work()) slots.all += agent.row.slots;
  }
  return slots;
}

void Fleet::refresh(Agent& agent) {
  roster_.recount(agent);
  express_.note(agent.row.id, agent.takes_work(), agent.knows(Kernel::exec), agent.express);
  if (agent.has_idle_slot()) {
    if (idle_.insert(agent.row.id).second) idle_pass_.hear_news();
  } else {
    idle_.erase(agent.row.id);
  }
}

void Fleet::set_quarantine(Agent& agent, std::optional<Instant> until, bool of_sieves_too) {
  if (agent.quarantined_until == until) return;
  roster_.discount(agent);
  agent.quarantined_until = until;
  agent.runs_no_sieves = until && of_sieves_too;
  refresh(agent);
  idle_pass_.hear_news();
}

// ---------------------------------------------------------------- leases

void Fleet::add(LeaseId id, const Lease& lease) {
  Agent& agent = at(lease.agent);
  leases_.add(id, lease);
  agent.leases.insert(id);
  agent.slots_busy += lease.cpus;
  orders_due_.insert(lease.agent);
  refresh(agent);
}

void Fleet::remove(LeaseId id) {
  const Lease& lease = *leases_.find(id);
  Agent& agent = at(lease.agent);
  if (lease.express_s) {
    if (lease.runs_program) {
      agent.express.programs -= 1;
    } else {
      agent.express.leave_count(*lease.express_s);
    }
  }
  agent.leases.erase(id);
  agent.slots_busy -= lease.cpus;
  orders_due_.insert(lease.agent);
  leases_.remove(id);
  refresh(agent);
  idle_pass_.hear_news();
}

void Fleet::put_beside_slots(LeaseId id, double expected_s, bool is_program, Instant now) {
  Lease& lease = *leases_.find(id);
  Agent& agent = at(lease.agent);
  agent.slots_busy -= std::exchange(lease.cpus, 0);
  lease.express_s = expected_s;
  lease.runs_program = is_program;
  if (is_program) {
    agent.express.programs += 1;
  } else {
    agent.express.take_count(expected_s, now);
  }
  refresh(agent);
}

void Fleet::add(LeaseId id, const Copy& copy) {
  Agent& agent = at(copy.agent);
  copies_[id] = copy;
  agent.copies.insert(id);
  agent.slots_busy += copy.cpus;
  orders_due_.insert(copy.agent);
  refresh(agent);
}

void Fleet::remove_copy(LeaseId id) {
  const Copy copy = copies_.at(id);
  Agent& agent = at(copy.agent);
  agent.copies.erase(id);
  agent.slots_busy -= copy.cpus;
  orders_due_.insert(copy.agent);
  copies_.erase(id);
  refresh(agent);
  idle_pass_.hear_news();
}

// ---------------------------------------------------------------- time

// In whole milliseconds, because agents are told milliseconds.
Duration Fleet::beat() const {
  const double stretched_s = static_cast<double>(roster_.all().size()) / limits::beats_per_second_max;
  const Duration longest = lease_term_ / limits::beats_per_term_min;
  const Duration interval = std::clamp(from_seconds(stretched_s), std::min(beat_interval_, longest), longest);
  return std::chrono::duration_cast<std::chrono::milliseconds>(interval);
}

void Fleet::hear(Agent& agent, Instant now) {
  agent.heard_at = now;
  agent.deadline = now + lease_term_;
  next_expiry_ = std::min(next_expiry_, agent.deadline);
}

bool Fleet::is_silent(const Agent& agent, Instant now) const {
  return !agent.is_gone() && (!agent.peer() || now - agent.heard_at > 3 * beat());
}

Duration Fleet::tail_term() const {
  return std::min(std::max(3 * beat() + limits::tail_margin, limits::tail_term_least), lease_term_);
}

// Only agents that were heard since the head's start, and not for time in which the head did not read.
bool Fleet::is_quiet_by(const Agent& agent, Instant now) const {
  return agent.is_quiet() || (agent.is_here() && now - std::max(agent.heard_at, awake_since_) > tail_term());
}

bool Fleet::notice_silence(Agent& agent, Instant now) {
  if (!agent.is_quiet() && is_quiet_by(agent, now)) {
    agent.presence = Quiet{*agent.peer()};
    refresh(agent);
  }
  return agent.is_quiet();
}

void Fleet::begin(Instant now, Instant first_expiry) {
  next_expiry_ = first_expiry;
  awake_since_ = now;
}

void Fleet::notice_standing_still(Instant now) {
  const Duration stood_still = now - awake_until_;
  if (stood_still <= limits::head_late_max) return;
  for (auto& [id, agent] : roster_.all()) {
    if (agent.heard_at < now) agent.deadline = agent.deadline + stood_still;  // not just now
  }
  next_expiry_ = next_expiry_ + stood_still + beat_interval_;
  awake_since_ = now;
}

// Removes agents that have been gone for long from the list, and ends quarantines whose time is over.
std::vector<AgentId> Fleet::take_expired(Instant now) {
  std::vector<AgentId> expired;
  if (now < next_expiry_) return expired;
  next_expiry_ = now + lease_term_;
  std::vector<AgentId> forgotten;
  for (auto& [id, agent] : roster_.all()) {
    if (agent.is_gone()) {
      if (now - agent.heard_at > limits::gone_agent_kept) forgotten.push_back(id);
    } else if (now >= agent.deadline) {
      expired.push_back(id);
    } else {
      next_expiry_ = std::min(next_expiry_, agent.deadline);
      if (agent.quarantined_until && now >= *agent.quarantined_until) set_quarantine(agent, std::nullopt);
    }
  }
  for (const AgentId id : forgotten) roster_.remove(id);
  return expired;
}

}  // namespace pq::core
