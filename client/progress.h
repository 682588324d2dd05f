// A job's progress while somebody waits: a bar that is redrawn in place on a terminal, else a plain line now
// and then.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "client/screen.h"
#include "common/instant.h"
#include "common/messages.h"

namespace pq {

// The bar in at most `columns` columns; narrow ones lose the bar first, then whatever else does not fit.
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

}  // namespace pq
