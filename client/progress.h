// A job's progress while a person waits: on a terminal a bar that is redrawn in place, elsewhere a plain line
// from time to time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "client/screen.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"

namespace pq::client {

// The bar in at most `columns` columns. If there is little room, the bar itself is left out first, then other
// parts.
std::string progress_bar(const JobReport& report, std::size_t columns);

// The same as a plain line.
std::string progress_line(const JobReport& report);

class Progress {
 public:
  explicit Progress(Screen& screen) : screen_(screen) {}

  void show(const JobReport& report, Instant now);

 private:
  Screen& screen_;
  std::optional<Instant> shown_at_;
};

}  // namespace pq::client
