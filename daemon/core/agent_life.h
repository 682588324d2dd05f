// How agents come and go: a new process under a known name, a goodbye, a silence that is too long, a revoked
// key, a quarantine.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/core.h"

namespace pq::core {

class AgentLife {
 public:
  explicit AgentLife(Turn& turn) : turn_(turn), core_(turn.core) {}

  // A newer process takes this agent's name. It inherits nothing, and nothing more is sent to the older
  // process.
  void begin_anew(Agent& agent);
  // The agent holds nothing, so a restarted head need not know it. It stays listed for a while.
  void leave(Agent& agent);
  // This process is alive, though a newer one may have its name. The parts that it had in hand when it was
  // counted as lost are not to blame.
  void note_alive(Agent& agent, Incarnation incarnation);
  // A beat reports everything that its agent has measured.
  void note_paces(Agent& agent, const std::vector<PaceView>& views);

  // Agents that were silent for a lease's term lose their leases.
  void expire_silent();
  // This key is revoked: its agents are told to end, and lose their leases at once.
  void revoke(const std::string& public_key);

  // Programs fail on it that succeed elsewhere, or it reports impossible values. `job` is the cause.
  void quarantine(Agent& agent, JobId job, Instant until, bool of_sieves_too, std::string why);

 private:
  Turn& turn_;
  Core& core_;
};

}  // namespace pq::core
