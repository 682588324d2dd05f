// Points in time as plain values. Nothing here reads a clock: time is always an argument (only
// common/os/clock.h reads it).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

#include "common/values/rooms.h"

namespace pq {

using Duration = std::chrono::nanoseconds;

// A point of monotonic time. Comparable within one process only; never stored, never sent.
struct Instant {
  Duration since_boot{0};

  friend auto operator<=>(const Instant&, const Instant&) = default;
  friend Instant operator+(Instant at, Duration by) { return {at.since_boot + by}; }
  friend Instant operator-(Instant at, Duration by) { return {at.since_boot - by}; }
  friend Duration operator-(Instant later, Instant earlier) { return later.since_boot - earlier.since_boot; }

  static constexpr Instant never() { return {Duration::max()}; }
};

// Milliseconds since 1970 by the wall clock, which may be wrong and may jump. What is computed, and by whom,
// never depends on it. It is for display, for keys that expire, and for the end that a cloud has announced.
using UnixMs = std::int64_t;

// The result of one reading of the clock.
struct Now {
  Instant instant;
  UnixMs unix_ms = 0;
};

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Saturates instead of overflowing: 1e300 s becomes the longest duration, a negative or undefined time
// becomes 0.
inline Duration from_seconds(double value) {
  constexpr double longest = 9.0e9;
  if (!(value > 0)) return Duration{0};
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(value < longest ? value : longest));
}

}  // namespace pq
