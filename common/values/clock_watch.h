// Whether the wall clock can be believed: it is compared with the monotonic one, which nobody sets. Pure:
// time is an argument.
#pragma once

#include <optional>

#include "common/values/instant.h"
#include "common/values/rooms.h"

namespace pq {

class ClockWatch {
 public:
  // After a jump the clock is doubted for so long.
  explicit ClockWatch(Duration doubted_for) : doubted_for_(doubted_for) {}

  void look(Now now);

  // How far the wall clock has jumped, if it is doubted as of the last look.
  std::optional<Duration> jump() const { return jump_; }

  // How long it has run evenly, as of the last look: since the last jump, or the first look.
  Duration even_for() const { return looked_at_ - even_since_; }

 private:
  Duration doubted_for_;
  std::optional<Duration> ahead_;  // the wall clock of the monotonic one, at the last look
  std::optional<Duration> jump_;   // the last one
  Instant even_since_;
  Instant looked_at_;
};

}  // namespace pq
