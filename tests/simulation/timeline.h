// Virtual time: what happens when. It jumps from one event to the next. Of two events at one time, the one
// that was planned first comes first.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "common/values/instant.h"
#include "tests/rooms.h"

namespace pq::simulation {

// A step of a head or an agent, so that one that does not sleep cannot stop the time.
inline constexpr Duration turn_takes = std::chrono::microseconds(1);

class Timeline {
 public:
  Instant now() const { return now_; }

  // Not before now: what is planned for the past happens at once.
  void at(Instant when, std::function<void()> what) {
    planned_.emplace(std::pair(std::max(when, now_), ++last_), std::move(what));
  }
  void after(Duration wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }

  // Lets the next thing happen. False: nothing is planned up to `until`.
  bool step(Instant until) {
    const auto next = planned_.begin();
    if (next == planned_.end() || next->first.first > until) return false;
    const auto planned = planned_.extract(next);
    now_ = planned.key().first;
    planned.mapped()();
    return true;
  }

 private:
  Instant now_{std::chrono::hours(1)};
  std::uint64_t last_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> planned_;
};

}  // namespace pq::simulation
