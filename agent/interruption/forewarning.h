// Which of a cloud's notices hold. A notice that is repeated with a later end each time is the same notice. A
// notice whose end has passed while the machine is alive no longer holds. Pure.
#pragma once

#include <optional>

#include "agent/interruption/source.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::interruption {

class Forewarning {
 public:
  // A machine that still runs this long after its announced end does not end.
  static constexpr Duration grace = std::chrono::seconds(10);
  // The time left, if the notice does not say when.
  static constexpr Duration end_assumed = std::chrono::seconds(30);

  // Takes the latest look. If it had errors, an earlier interruption still holds.
  void hear(const Outlook& outlook, Now now);

  // The same for a look without errors; settle() then handles what time has changed.
  void hear(const std::optional<Notice>& seen, Now now);
  void settle(Now now);

  // The notice that holds now. NoticeKind::passed: the machine should have ended by now; nobody needs to
  // react.
  const std::optional<Notice>& notice() const { return notice_; }

  // For an interruption: when the agent must be done.
  std::optional<Instant> ends() const;

  Instant next_deadline() const;

 private:
  std::optional<Notice> notice_;
  Instant ends_;  // of an interruption
};

}  // namespace pq::interruption
