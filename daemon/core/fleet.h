// The agents and what they hold. This class keeps everything consistent that follows from it: who has an idle
// slot, how many places a job finds, what express places hold, who must get new orders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/core/leases.h"
#include "daemon/core/roster.h"
#include "daemon/core/scheduling/express.h"
#include "daemon/core/scheduling/pass_clock.h"
#include "daemon/core/telling/throughput.h"

namespace pq::core {

class Fleet {
 public:
  Fleet(Duration lease_term, Duration beat_interval, Epoch epoch);

  // ---- agents
  Roster& roster() { return roster_; }
  const Roster& roster() const { return roster_; }
  Agent& at(AgentId id) { return roster_.at(id); }
  const Agent& at(AgentId id) const { return roster_.at(id); }
  const std::set<AgentId>& idle() const { return idle_; }  // those with an idle slot that accept work
  const ExpressLine& express() const { return express_; }
  ExpressLine& express() { return express_; }

  // Call this after a change of whether, or how much, the agent accepts.
  void refresh(Agent& agent);
  void set_quarantine(Agent& agent, std::optional<Instant> until, bool of_sieves_too = true);

  // ---- leases and copies of them
  const LeaseTable& leases() const { return leases_; }
  Lease* find_lease(LeaseId id) { return leases_.find(id); }
  Lease& lease(LeaseId id) { return *leases_.find(id); }
  const Lease& lease(LeaseId id) const { return *leases_.find(id); }
  LeaseId next_id() { return leases_.next_id(); }
  void add(LeaseId id, const Lease& lease);
  void remove(LeaseId id);
  // From now on this lease holds no slot of its agent.
  void put_beside_slots(LeaseId id, double expected_s, bool is_program, Instant now);
  const std::map<LeaseId, Copy>& copies() const { return copies_; }
  void add(LeaseId id, const Copy& copy);
  void remove_copy(LeaseId id);

  // ---- pending orders
  // Sends the agent new orders at the turn's end.
  void order(AgentId agent) { orders_due_.insert(agent); }
  std::set<AgentId> take_orders_due() { return std::exchange(orders_due_, {}); }
  // Beats are stretched as the fleet grows, so that the head's load stays bounded. They are never so far
  // apart that losing a few of them would lose a lease.
  Duration beat() const;
  // The clock of passes for idle slots beside running leases. Changes here that may matter to them wake it.
  PassClock& idle_pass() { return idle_pass_; }
  const PassClock& idle_pass() const { return idle_pass_; }

  // ---- silence
  void hear(Agent& agent, Instant now);
  // Reported as silent: not heard for three beats, or not since the head's start.
  bool is_silent(const Agent& agent, Instant now) const;
  // The silence after which idle slots take over an agent's leases. It is shorter than a lease's term,
  // because a slot is idle meanwhile. If the agent comes back, these leases are gone; at worst a few seconds
  // were computed twice.
  Duration tail_term() const;
  bool is_quiet_by(const Agent& agent, Instant now) const;
  // Makes the agent Quiet if it was silent for that long.
  bool notice_silence(Agent& agent, Instant now);
  // The head sleeps no longer than until its next deadline. If it wakes late, the head itself stood still: a
  // slow disk, a paused machine. Messages that agents sent meanwhile may still be unread.
  void notice_standing_still(Instant now);
  void begin(Instant now, Instant first_expiry);
  void sleep_until(Instant deadline) { awake_until_ = deadline; }
  // Agents whose deadline has passed. Deadlines only move later, so one pass when the earliest was due is
  // enough: about one a lease term.
  std::vector<AgentId> take_expired(Instant now);
  Instant next_expiry() const { return next_expiry_; }

 private:
  Duration lease_term_;
  Duration beat_interval_;
  Roster roster_;
  LeaseTable leases_;
  std::map<LeaseId, Copy> copies_;
  std::set<AgentId> idle_;
  ExpressLine express_;
  std::set<AgentId> orders_due_;
  PassClock idle_pass_;
  Instant next_expiry_;
  Instant awake_until_;  // the next deadline, set by the last turn
  Instant awake_since_;  // since then the head woke in time for each deadline
};

std::size_t agents_alive(const Fleet& fleet);  // those that beat
SlotCounts slot_counts(const Fleet& fleet);

}  // namespace pq::core
