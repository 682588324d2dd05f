#include "common/values/clock_watch.h"

#include <chrono>

#include "common/values/limits.h"

namespace pq {

void ClockWatch::look(Now now) {
  const Duration ahead = std::chrono::milliseconds(now.unix_ms) - now.instant.since_boot;
  if (!ahead_) even_since_ = now.instant;
  const Duration change = ahead_ ? ahead - *ahead_ : Duration{0};
  ahead_ = ahead;
  looked_at_ = now.instant;
  if (std::chrono::abs(change) >= limits::clock_jump_least) {
    jump_ = change;
    even_since_ = now.instant;
  } else if (jump_ && even_for() >= doubted_for_) {
    jump_.reset();
  }
}

}  // namespace pq
