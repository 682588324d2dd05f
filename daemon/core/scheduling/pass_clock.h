// When the head passes over all leases again. A pass costs time for each lease, so the pause after it grows
// with their number. It is longer if nothing has happened since that could change the result.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/values/instant.h"
#include "daemon/core/limits.h"

namespace pq::core {

class PassClock {
 public:
  // Something has happened: the next pass need only wait as long as the head's load demands.
  void hear_news() { news_ = true; }

  Instant due() const { return news_ ? earliest_ : latest_; }

  // `found`: the pass found something to do, so there may soon be more.
  void made(Instant now, std::size_t leases, bool found) {
    const Duration pause =
        std::max(limits::pass_pause, limits::pass_pause_per_lease * static_cast<std::int64_t>(leases));
    earliest_ = now + pause;
    latest_ = now + (found ? pause : std::max(pause, limits::pass_pause_quiet));
    news_ = false;
  }

 private:
  Instant earliest_;
  Instant latest_;
  bool news_ = false;
};

}  // namespace pq::core
