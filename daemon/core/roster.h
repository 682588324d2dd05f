// The agents: what each one is, when it was last heard, and what it holds. An agent is its CURVE key and its
// name; its incarnation tells one process under that name from the next.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/instant.h"
#include "common/job.h"
#include "common/kernel.h"
#include "common/limits.h"
#include "daemon/core/rows.h"

namespace pq {

// A lease that was taken from its holder: what the holder computes from `upto` to its end is computed twice.
struct LostLease {
  JobId job;
  std::uint64_t upto = 0;
  std::uint64_t end = 0;
};

struct Agent {
  AgentRow row;

  // Since its last message; restored agents have no peer until they are heard.
  std::optional<PeerId> peer;
  Instant heard_at;
  Instant deadline;  // silent until then, it loses its leases
  std::uint64_t beat_seq = 0;
  bool draining = false;
  std::optional<Notice> notice;  // of its cloud, in force now
  std::uint64_t notice_errors = 0;
  bool gone = false;
  bool quiet = false;           // found silent for a tail term: until it is heard it is given nothing
  std::map<JobId, Cost> paces;  // of the jobs that it computes now

  // What the head says to it.
  std::uint64_t orders_number = 0;  // of the last Orders sent
  std::uint64_t orders_seen = 0;    // of the last ones that it had seen when it last beat
  bool drain_asked = false;

  std::set<LeaseId> leases;
  std::uint64_t slots_busy = 0;              // of its leases: a lease holds as many as its job's `cpus`
  std::uint64_t output_seq = 0;              // of the last Output of this process that is stored
  std::optional<Instant> quarantined_until;  // programs fail here that succeed elsewhere: it is given none
  std::map<LeaseId, LostLease> lost;         // until it stops listing them
  std::vector<Incarnation> replaced;         // processes that were told to go, the latest last
  std::uint32_t slots_counted = 0;           // in Roster::places_for

  bool takes_work() const { return peer && !draining && !drain_asked && !gone && !quiet; }
  std::uint64_t slots_idle() const { return row.slots > slots_busy ? row.slots - slots_busy : 0; }
  bool has_idle_slot() const { return takes_work() && slots_idle() > 0; }
  bool knows(Kernel kernel) const;
  bool has_labels(const std::vector<Label>& labels) const;
  bool can_compute(const Demand& demand) const;
  bool was_replaced(Incarnation incarnation) const;
};

class Roster {
 public:
  // Agents as stored: not heard yet, with until `deadline` to come back.
  void restore(AgentRow row, Instant heard_at, Instant deadline);

  Agent* find(const std::string& public_key, const std::string& name);
  Agent& at(AgentId id) { return agents_.at(id); }
  const Agent& at(AgentId id) const { return agents_.at(id); }

  // A new agent with the next free id. nullptr: limits::agents_max are known already.
  Agent* add(const std::string& public_key, const std::string& name);
  void remove(AgentId id);

  // Steps that all agents that take work could compute of it at once, as of each agent's last recount.
  std::uint64_t places_for(const Demand& demand) const;
  void recount(Agent& agent);
  void discount(Agent& agent);  // before what it can compute changes

  std::map<AgentId, Agent>& all() { return agents_; }
  const std::map<AgentId, Agent>& all() const { return agents_; }

 private:
  std::map<AgentId, Agent> agents_;
  std::map<std::pair<std::string, std::string>, AgentId> by_key_and_name_;
  AgentId last_id_;
  mutable std::map<Demand, std::uint64_t> places_;  // for those that were asked for: the rest is counted anew
};

}  // namespace pq
