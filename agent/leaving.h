// How an agent ends. It drains: the present steps end, at the latest at their time, and the head's last
// answer is awaited, but not without end. Then it says goodbye and has ended. It can also end at once,
// without a drain.
#pragma once

#include <optional>
#include <string>

#include "common/values/instant.h"

namespace pq::agent {

// interrupted: drained, because its cloud ends the machine.
enum class Ending { drained, idle, interrupted, head_lost, replaced, refused };

class Leaving {
 public:
  // Of several times for the present steps the earliest holds.
  void drain(Ending why, Instant steps_until);
  // The head's last answer is awaited only briefly. REQUIRES: is_draining().
  void hurry(Instant now);
  // The reason to drain is gone. Undoes a drain for an interruption, unless its goodbye is due already.
  void withdraw_interruption();
  // Programs have printed something that the head has not stored yet: the goodbye waits for that.
  void owe_output(bool owes) { owes_output_ = owes; }

  bool is_draining() const { return why_.has_value(); }
  // Why it drains.
  const std::optional<Ending>& why() const { return why_; }
  // When a drain gives back the present steps.
  Instant steps_until() const { return steps_until_; }

  // Nothing is computed any more: waits for the head's last answer, or until that has taken too long.
  // REQUIRES: is_draining().
  void await_last_answer(bool holds_leases, Instant now);
  bool goodbye_is_due() const { return goodbye_is_due_; }
  Instant next_deadline() const;

  // The first ending is the one that counts.
  void end(Ending why, std::string detail);
  // It goes on under another name; a drain goes on too.
  void go_on();
  // Set once nothing is left to do.
  const std::optional<Ending>& ending() const { return ending_; }
  const std::string& detail() const { return detail_; }

 private:
  std::optional<Ending> why_;
  Instant steps_until_ = Instant::never();
  std::optional<Instant> ends_;  // then the head's last answer has taken too long
  bool owes_output_ = false;
  bool goodbye_is_due_ = false;
  std::optional<Ending> ending_;
  std::string detail_;
};

}  // namespace pq::agent
