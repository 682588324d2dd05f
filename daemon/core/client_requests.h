// Requests of clients: submissions, questions, waits, steering.
#pragma once

#include <optional>

#include "common/protocol/messages.h"
#include "daemon/core/core.h"

namespace pq::core {

class ClientRequests {
 public:
  explicit ClientRequests(Turn& turn) : turn_(turn), core_(turn.core), now_(turn.now) {}

  // nullopt: the client waits, and the answer comes later. Only operators and the
  // job's submitter see the values of settings.
  std::optional<HeadToClient> answer(const Sender& from, const Letter<ClientToHead>& letter);

  // Answers clients whose job has ended, in the turn that commits the end, and clients whose patience is
  // over.
  void answer_waits();

 private:
  std::optional<HeadToClient> whole_answer(const Sender& from, const Letter<ClientToHead>& letter);
  HeadToClient answer(const Submit& submit, const Sender& from);
  HeadToClient answer(const AskJob& ask);
  HeadToClient answer(const AskJobs& ask, const Sender& from);
  HeadToClient answer(const AskJobIds& ask, const Sender& from);
  HeadToClient answer(const AskEach& ask);
  HeadToClient answer(const SteerEach& steer, const Sender& from);
  HeadToClient answer(const ReprioritizeEach& ask, const Sender& from);
  HeadToClient answer(const Steer& steer, const Sender& from);
  HeadToClient answer(const Reprioritize& ask, const Sender& from);
  HeadToClient answer(const AskAgents& ask);
  HeadToClient answer(const DrainAgent& ask);
  HeadToClient answer(const AskEvents& ask);
  HeadToClient answer(const AskExplanation& ask);
  HeadToClient answer(const PutFile& put);
  std::optional<HeadToClient> wait(const Wait& wait, const Sender& from, RequestNumber request);

  Turn& turn_;
  Core& core_;
  Now now_;
};

}  // namespace pq::core
