// How long the head keeps jobs that have ended, and how much of them: what it was told, and when it looks.
#pragma once

#include <cstdint>
#include <optional>

#include "common/values/clock_watch.h"
#include "common/values/instant.h"
#include "daemon/core/limits.h"

namespace pq::core {

// Nothing: without end.
struct Keeping {
  std::optional<Duration> jobs = std::nullopt;
  std::optional<Duration> logs = std::nullopt;        // of a job, after its end
  std::optional<std::uint64_t> bytes = std::nullopt;  // of the database

  bool has_bounds() const { return jobs || logs || bytes; }
};

// When to look at what is old. Ages are by the wall clock. One that has jumped, or that this head has not
// known for long, may be years ahead: then nothing is old.
class KeepingWatch {
 public:
  bool is_due(Instant now) const { return now >= due_; }
  Instant due() const { return due_; }

  // A look begins. Returns whether ages can be believed.
  bool look(Now now) {
    clock_.look(now);
    due_ = now.instant + limits::keeping_looked_at;
    return clock_.even_for() >= limits::clock_believed_after;
  }

  // There may be more of it.
  void look_again_soon(Instant now) { due_ = now + limits::keeping_pause; }

 private:
  ClockWatch clock_{limits::clock_believed_after};
  Instant due_;
};

}  // namespace pq::core
