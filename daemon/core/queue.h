// The entrance to the core: messages and time go in, effects come out. It has no socket, file, clock or log.
// Core holds the state, and classes named after what happens change it. This class has the order of a turn,
// and the one place that carries out the scheduler's decisions.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/core/core.h"
#include "daemon/core/effects.h"
#include "daemon/core/rows.h"
#include "daemon/core/scheduling/decision.h"
#include "daemon/core/scheduling/pass_clock.h"

namespace pq::core {

class Queue {
 public:
  // Everything as stored. Each stored lease gets a fresh term, in which its holder may come back.
  Queue(QueueSettings settings, Epoch epoch, Stored stored, Now now);

  void handle(const Sender& from, const AgentToHead& message, Now now, Effects& effects);
  void handle(const Sender& from, const Letter<ClientToHead>& letter, Now now, Effects& effects);

  // This key is revoked: its agents are told to end, and lose their leases at once.
  void revoke(const std::string& public_key, Now now, Effects& effects);

  // Jobs whose stored provenance the queue must see before anything else happens; it keeps none in memory.
  // While there are some, the next turn follows at once.
  const std::set<JobId>& provenance_wanted() const { return core_.provenance_wanted; }
  void see_provenance(JobId id, const Provenance& provenance, Now now, Effects& effects);

  // The same for a client's request. `provenance`: the job's, as it is stored.
  HeadToClient recompute(const Recompute& ask, const Provenance& provenance, Now now, Effects& effects);

  // How much room there is. Call it before the messages of a turn; without it there is always enough.
  void note_space(const Space& space, Effects& effects);

  // What time alone has caused, and what follows from this turn's messages: silent agents lose their leases,
  // idle slots get work, waiting clients get answers. Fills effects.changes.
  void settle(Now now, Effects& effects);

  // When settle must run again even if no message comes.
  Instant next_deadline() const;

  const Core& core() const { return core_; }
  const std::map<JobId, Job>& jobs() const { return core_.jobs.all(); }
  const LeaseTable& leases() const { return core_.fleet.leases(); }
  const std::map<LeaseId, Copy>& copies() const { return core_.fleet.copies(); }
  const Roster& roster() const { return core_.fleet.roster(); }
  const Shares& shares() const { return core_.shares; }
  // Agents that use this key now.
  std::uint32_t agents_of(const std::string& public_key) const;

 private:
  void restore(JobRow row, std::map<std::uint64_t, Span> spans, const Stored& stored, Now now);
  void rank(const Job& job);
  void rank_jobs();

  // ---- what the scheduler decides, in the order in which it is asked
  void give_work(Turn& turn);
  bool give_slots(Turn& turn);
  void give_express(Turn& turn);
  void serve_idle(Turn& turn);
  void share_slots(Turn& turn);
  // True: there was a decision.
  bool carry_out(const Decisions& decisions, Turn& turn);

  void send_orders(Turn& turn);
  void note_throughput(Now now);
  void note_rows(Turn& turn);

  Core core_;
  PassClock share_pass_;                   // for jobs that wait beside running leases
  PassClock count_pass_;                   // of what each job was served
  Instant next_share_ = Instant::never();  // while jobs wait: when one of the two may be due
  Instant settled_at_;
};

}  // namespace pq::core
