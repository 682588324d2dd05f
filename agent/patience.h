// How long an agent waits for its head, and for work. Time in which this process was stopped counts for
// neither, because it could hear nothing then. Time in which the head was away does not count as time without
// work.
#pragma once

#include <algorithm>
#include <optional>

#include "common/values/instant.h"

namespace pq::agent {

class Patience {
 public:
  // `idle_exit`: none waits for work without end.
  Patience(Duration head_timeout, std::optional<Duration> idle_exit, Instant now)
      : head_timeout_(head_timeout), idle_exit_(idle_exit), heard_at_(now), held_at_(now) {}

  // The head was heard. A head that was silent for longer than `away_after` was away.
  void hear(Duration away_after, Instant now) {
    if (now - heard_at_ > away_after) held_at_ = std::min(held_at_ + (now - heard_at_), now);
    heard_at_ = now;
  }
  // The agent holds a lease.
  void hold(Instant now) { held_at_ = now; }
  // This process was stopped for so long.
  void wake(Duration slept, Instant now) {
    heard_at_ = std::min(heard_at_ + slept, now);
    held_at_ = std::min(held_at_ + slept, now);
  }

  // When the head was last heard, or when the agent began. Time in which this process was stopped is added.
  Instant heard_at() const { return heard_at_; }
  // When the head counts as lost.
  Instant head_is_lost_at() const { return heard_at_ + head_timeout_; }
  // When the agent has waited for work long enough. Never while the head is away: an agent without a head has
  // not finished its work.
  Instant idle_ends(Duration away_after) const {
    if (!idle_exit_) return Instant::never();
    const Instant ends = held_at_ + *idle_exit_;
    return ends <= heard_at_ + away_after ? ends : Instant::never();
  }

 private:
  Duration head_timeout_;
  std::optional<Duration> idle_exit_;
  Instant heard_at_;
  Instant held_at_;
};

}  // namespace pq::agent
