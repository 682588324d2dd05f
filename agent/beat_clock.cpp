#include "agent/beat_clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace pq::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration hello_interval = 1s;
constexpr Duration interval_least = 10ms;

}  // namespace

// The new interval also holds when it is shorter: a short lease term can end before the planned beat.
void BeatClock::set_interval(Duration interval, Instant now) {
  interval_ = std::max(interval, interval_least);
  place_ = std::min(place_, now + interval_);
  next_ = std::min(next_, place_);
}

void BeatClock::begin_anew(Instant now) {
  seq_ = 0;
  next_ = now;
}

void BeatClock::send_hello(Instant now) { next_ = now + hello_interval; }

std::uint64_t BeatClock::send_beat(Incarnation incarnation, Instant now) {
  if (seq_ == 0) {
    const double part = std::ldexp(static_cast<double>(incarnation.value), -64);
    place_ = now + from_seconds(seconds(interval_) * part);
  }
  if (place_ <= now) place_ = place_ + ((now - place_) / interval_ + 1) * interval_;
  next_ = place_;
  return ++seq_;
}

Duration BeatClock::stopped_after() const { return interval_ + hello_interval; }

}  // namespace pq::agent
