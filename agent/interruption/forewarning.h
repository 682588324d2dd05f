// What to make of a cloud's notices. One that is repeated with a later end each time it is asked for is still
// the same one; one whose end has passed while the machine lives holds no longer. Pure.
#pragma once

#include <optional>

#include "agent/interruption/source.h"
#include "common/instant.h"
#include "common/messages.h"

namespace pq {

class Forewarning {
 public:
  // A machine that still runs so long after its announced end does not end.
  static constexpr Duration grace = std::chrono::seconds(10);
  // Where nobody says when.
  static constexpr Duration end_assumed = std::chrono::seconds(30);

  // What the latest look has shown. What it could not see is not gone: an interruption that was heard before
  // still holds.
  void hear(const Outlook& outlook, Now now);

  // The same of a look without errors, and what time has made of it.
  void hear(const std::optional<Notice>& seen, Now now);
  void settle(Now now);

  // What holds now. NoticeKind::passed: the machine was to have ended by now; nobody needs to heed that.
  const std::optional<Notice>& notice() const { return notice_; }

  // Of an interruption: when to be done.
  std::optional<Instant> ends() const;

  Instant next_deadline() const;

 private:
  std::optional<Notice> notice_;
  Instant ends_;  // of an interruption
};

}  // namespace pq
