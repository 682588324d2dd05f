// When the head looks through all leases again. A look costs time for each of them, so a pause follows that
// grows with their number, and a longer one where nothing has happened that could change what was found.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/instant.h"
#include "common/limits.h"

namespace pq {

class PassClock {
 public:
  // Something has happened: no need to wait longer than the head's load demands.
  void hear_news() { news_ = true; }

  Instant due() const { return news_ ? earliest_ : latest_; }

  // `found`: there was something to do, so there may soon be more.
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

}  // namespace pq
