// Messages from agents: hello, beats with all that they hold, output of programs, goodbye.
#pragma once

#include <string>

#include "common/protocol/messages.h"
#include "daemon/core/core.h"
#include "daemon/core/leasing.h"

namespace pq::core {

class AgentMessages {
 public:
  explicit AgentMessages(Turn& turn)
      : turn_(turn), core_(turn.core), now_(turn.now), effects_(turn.effects), leasing_(turn) {}

  void handle(const Sender& from, const AgentToHead& message);

 private:
  void handle(const Sender& from, const Hello& hello);
  void handle(const Sender& from, const Beat& beat);
  void handle(const Sender& from, const Goodbye& goodbye);
  void handle(const Sender& from, const Output& output);
  void handle(const Sender& from, const WantFile& want);

  Agent* speaking(const Sender& from, const std::string& name, Incarnation incarnation);
  void refuse(const Sender& from, ErrorWord word, std::string detail);
  void tell(Happening what, JobId job, const Agent& agent, std::string detail);

  void note_plans(Agent& agent, const Beat& beat);
  void note_lease(Agent& agent, const LeaseView& view);
  void note_commit(Agent& agent, const LeaseView& view);
  void note_express(const Agent& agent, const LeaseView& view);
  void note_failure(Agent& agent, const LeaseView& view);
  void note_end(Agent& agent, const LeaseView& view);
  void note_copy(const Agent& agent, const LeaseView& view);
  void note_recomputed(Agent& agent, const LeaseView& view);
  void misused(const Agent& agent, const LeaseView& view, const char* how);
  void drop_unlisted(Agent& agent, const Beat& beat);

  void keep_log(const LogPart& part, const Agent& agent);
  void keep_output(const OutputPart& part, const Agent& agent);
  bool is_collected(const Lease& lease, std::uint64_t upto) const;

  Turn& turn_;
  Core& core_;
  Now now_;
  Effects& effects_;
  Leasing leasing_;
};

}  // namespace pq::core
