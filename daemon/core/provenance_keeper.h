// Who has computed what, and what happens to the work of an agent that is no longer believed: because it
// reported impossible values, or because an operator says so.
#pragma once

#include <set>

#include "common/protocol/messages.h"
#include "daemon/core/core.h"

namespace pq::core {

class ProvenanceKeeper {
 public:
  explicit ProvenanceKeeper(Turn& turn) : turn_(turn), core_(turn.core), effects_(turn.effects) {}

  // Nothing that the agent reported of this lease's job is believed any more. The next turn, which reads all
  // stored parts, discards them. The job cannot end before that.
  void doubt(Agent& agent, LeaseId lease, const Suspect& suspect);

  // `provenance`: of the job, as it is stored.
  void see(JobId id, const Provenance& provenance);
  HeadToClient recompute(const Recompute& ask, const Provenance& provenance);

 private:
  struct Discarded {
    std::uint64_t parts = 0;
    std::uint64_t integers = 0;
  };
  Discarded discard(Job& job, const Provenance& provenance, const std::set<WorkerId>& workers);
  std::uint64_t discard_leases(Job& job, const std::set<WorkerId>& workers);
  void discard_suspects(Job& job, const Provenance& provenance);
  void join_parts(Job& job, const Provenance& provenance);
  std::set<WorkerId> workers_meant(const Recompute& ask, const Provenance& provenance) const;

  Turn& turn_;
  Core& core_;
  Effects& effects_;
};

}  // namespace pq::core
