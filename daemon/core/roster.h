// The agents: what each one is, when it was last heard, and what it holds. A CURVE key and a name identify an
// agent; its incarnation identifies one process under that name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/job.h"
#include "common/values/kernel.h"
#include "common/values/range.h"
#include "daemon/core/limits.h"
#include "daemon/core/rows.h"
#include "daemon/core/scheduling/express.h"

namespace pq::core {

// A lease that was taken from its holder. What the holder computes from `upto` to its end is computed twice.
struct LostLease {
  JobId job;
  std::uint64_t upto = 0;
  std::uint64_t end = 0;
  Incarnation of = {};               // the process that held it
  std::optional<Range> blamed = {};  // for that agent's loss, until it is heard again
};

// Whether an agent is connected.
struct Expected {};  // known, but it has not beaten yet: restored, or after its hello
struct Here {
  PeerId peer;
};
struct Quiet {  // silent for a tail term: it gets no work until it is heard
  PeerId peer;
};
struct Gone {};  // it said goodbye, or was silent for a lease's term
using Presence = std::variant<Expected, Here, Quiet, Gone>;

struct Agent {
  AgentRow row;
  WorkerId worker;  // its identity in provenance

  // Since its last message.
  Presence presence = Expected{};
  Instant heard_at;
  Instant deadline;  // if it is silent until then, it loses its leases
  std::uint64_t beat_seq = 0;
  bool draining = false;
  std::optional<Notice> notice;  // of its cloud, in force now
  std::uint64_t notice_errors = 0;
  bool is_counted_lost = false;  // counted by Mortality, until it is heard
  std::map<JobId, Cost> paces;   // of the jobs that it computes now

  // What the head sends it.
  std::uint64_t orders_number = 0;  // of the last Orders sent
  std::uint64_t orders_seen = 0;    // the last ones that it had seen at its last beat
  bool drain_asked = false;

  std::set<LeaseId> leases;
  std::set<LeaseId> copies;                  // of leases that other agents hold
  std::uint64_t slots_busy = 0;              // by its leases: a lease holds its job's `cpus`
  ExpressPlaces express;                     // beside its slots
  std::uint64_t output_seq = 0;              // the last stored Output of this process
  std::optional<Instant> quarantined_until;  // parts fail here that succeed elsewhere: it gets none of them
  bool runs_no_sieves = false;               // in quarantine for everything, not only for programs
  std::map<LeaseId, LostLease> lost;         // until its beats no longer list them
  std::vector<Incarnation> replaced;         // processes that were told to end, the latest last
  std::uint32_t slots_counted = 0;           // in Roster::places_for

  bool is_gone() const { return std::holds_alternative<Gone>(presence); }
  bool is_here() const { return std::holds_alternative<Here>(presence); }
  bool is_quiet() const { return std::holds_alternative<Quiet>(presence); }
  // Its peer id; nothing: it is gone, or has not beaten yet.
  std::optional<PeerId> peer() const;

  // It accepts no more work: by its own word, or because the head asked it to drain.
  bool leaves() const { return draining || drain_asked; }
  // Nobody announced its end, so a part or its machine may be the cause.
  bool may_be_killed() const {
    return peer() && !leaves() && (!notice || notice->kind != NoticeKind::interruption);
  }
  // It accepts work, or may soon again: it is silent, or has not come back yet to a restarted head.
  bool is_expected() const { return !leaves() && !is_gone(); }
  bool takes_work() const { return is_here() && !leaves(); }
  std::uint64_t slots_idle() const { return row.slots > slots_busy ? row.slots - slots_busy : 0; }
  bool has_idle_slot() const { return takes_work() && slots_idle() > 0; }
  bool knows(Kernel kernel) const;
  bool has_labels(const std::vector<Label>& labels) const;
  bool can_compute(const Demand& demand) const;
  bool was_replaced(Incarnation incarnation) const;
};

class Roster {
 public:
  // Restores a stored agent as not yet heard; it has until `deadline` to come back.
  void restore(AgentRow row, Instant heard_at, Instant deadline);

  Agent* find(const std::string& public_key, const std::string& name);
  Agent& at(AgentId id) { return agents_.at(id); }
  const Agent& at(AgentId id) const { return agents_.at(id); }

  // A new agent with the next free id. nullptr: limits::agents_max are known already.
  Agent* add(const std::string& public_key, const std::string& name);
  void remove(AgentId id);

  // How many steps of this demand all agents together could compute at once, as of each agent's last recount.
  // Only agents that accept work count.
  std::uint64_t places_for(const Demand& demand) const;
  void recount(Agent& agent);
  void discount(Agent& agent);  // call before a change of what it can compute

  // Which running count is wrong; nullopt: none.
  std::optional<std::string> miscounted() const;

  std::map<AgentId, Agent>& all() { return agents_; }
  const std::map<AgentId, Agent>& all() const { return agents_; }

 private:
  std::map<AgentId, Agent> agents_;
  std::map<std::pair<std::string, std::string>, AgentId> by_key_and_name_;
  AgentId last_id_;
  mutable std::map<Demand, std::uint64_t>
      places_;  // for demands that were asked for; others are counted when asked
};

}  // namespace pq::core
