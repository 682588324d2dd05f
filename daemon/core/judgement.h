// Whether a failed program is the part's fault or the agent's. If a part failed elsewhere and succeeds here,
// the failure was the other agents' fault.
#pragma once

#include "common/protocol/messages.h"
#include "daemon/core/core.h"

namespace pq::core {

class Judgement {
 public:
  explicit Judgement(Turn& turn) : turn_(turn), core_(turn.core), now_(turn.now) {}

  // A part with this evidence has succeeded on the agent.
  void note_success(Agent& agent, Job& job, const Evidence& evidence);

  // A part with this evidence has failed on the agent. Whether the attempt counts depends on the agent: a
  // part's attempts are spent only where somebody could have succeeded. An agent without a success, or with
  // several failures in a row, is believed only if no other agent is left to try.
  FailedPart note_failure(Agent& agent, Job& job, const Evidence& evidence, const LeaseView& view);

  // At a job's end: agents that have failed too seldom to be sure, but at everything that they tried.
  void judge_suspects(Job& job);

 private:
  bool is_last_word(const Agent& agent, const Job& job, const Evidence& part) const;
  void judge(AgentId id, Job& job);
  void quarantine(Agent& agent, const Job& job, Instant until, std::string why);

  Turn& turn_;
  Core& core_;
  Now now_;
};

// Nothing of the job has ever succeeded, every agent has tried, and it has failed often enough: the job is at
// fault. If the user allowed more failures than usual, the job goes on all the same.
bool fails_everywhere(const Job& job, const Core& core, Now now);

}  // namespace pq::core
