// When an agent sends its next hello or beat. Regular beats have their own places in time, an interval apart,
// and other beats do not move them. The first place is a random part of an interval after the first beat. So
// agents that join together, or get work together, do not beat together.
#pragma once

#include <cstdint>

#include "common/protocol/limits.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::agent {

class BeatClock {
 public:
  explicit BeatClock(Instant now) : next_(now) {}

  // Something calls for a word at once.
  void call(Instant now) { next_ = now; }
  // The head wants beats so often.
  void set_interval(Duration interval, Instant now);
  // Another incarnation begins, with beats of its own.
  void begin_anew(Instant now);

  // A hello is sent now; the next one follows if no answer comes.
  void send_hello(Instant now);
  // A beat is sent now. Returns its number. The incarnation is what is random about the first place.
  std::uint64_t send_beat(Incarnation incarnation, Instant now);

  Instant next() const { return next_; }
  Duration interval() const { return interval_; }
  // A head that is silent for longer is away: two beats in a row may be lost.
  Duration away_after() const { return 3 * interval_ + limits::tail_margin; }
  // The loop wakes for every hello and beat. If it was away for longer than this, its process was stopped.
  Duration stopped_after() const;

 private:
  Duration interval_ = limits::beat_interval;
  Instant next_;
  Instant place_;  // of the next beat that nothing calls for
  std::uint64_t seq_ = 0;
};

}  // namespace pq::agent
