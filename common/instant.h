// Points in time as plain values. Nothing here can read a clock: time is told, never asked
// (common/os/clock.h is the one reader).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

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

// Milliseconds since 1970, as civil clocks say, which may be wrong and may jump. What is computed, and by
// whom, never depends on it; it is for people's eyes, for keys that expire, and for the end that a cloud has
// announced.
using UnixMs = std::int64_t;

// What one reading of the clock says.
struct Now {
  Instant instant;
  UnixMs unix_ms = 0;
};

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Saturates instead of overflowing: 1e300 s is "as long as there is", a negative or undefined time is none.
inline Duration from_seconds(double value) {
  constexpr double longest = 9.0e9;
  if (!(value > 0)) return Duration{0};
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(value < longest ? value : longest));
}

}  // namespace pq
