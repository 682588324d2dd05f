// How jobs begin, are steered and end.
#pragma once

#include <optional>
#include <string>

#include "common/protocol/messages.h"
#include "daemon/core/core.h"

namespace pq::core {

class JobControl {
 public:
  explicit JobControl(Turn& turn) : turn_(turn), core_(turn.core), now_(turn.now), effects_(turn.effects) {}

  // Answers the job's id. A repeated submission gets the id of the first one. The sender becomes its
  // submitter.
  HeadToClient submit(const Submit& submit, const Sender& from);
  // The sender's name stands in the event.
  HeadToClient steer(const Steer& steer, const Sender& from);
  HeadToClient reprioritize(const Reprioritize& ask, const Sender& from);

  // The job is done or failed, and part of it is free again.
  void open_again(Job& job);

  // Ends jobs that changed in this turn and have nothing left to do, or no chance.
  void end_finished();

 private:
  HeadToClient retry(Job& job, const Sender& from);
  void pause(Job& job);
  void resume(Job& job);
  void end(Job& job, JobState state, std::optional<std::string> error = std::nullopt);
  void erase_secrets(Job& job);

  Turn& turn_;
  Core& core_;
  Now now_;
  Effects& effects_;
};

}  // namespace pq::core
