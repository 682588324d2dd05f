// What other threads want of the step that a slot computes: that it begins no further run, or that it ends
// soon, with whatever it has. The slot's thread asks before each run; all else may come from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/values/range.h"

namespace pq::programs {

class Recall {
 public:
  // For a new step: nothing is wanted of it yet.
  void clear() { is_abandoned_ = is_curtailed_ = false, run_end_ = 0; }

  void abandon() { is_abandoned_ = true; }
  // Returns the end of the last run that the step may still compute; it begins nothing beyond. This and
  // allows() may run in either order: the answer covers every run that is allowed.
  std::uint64_t curtail() {
    is_curtailed_ = true;
    return run_end_;
  }

  // Whether the step may begin this run; always, as far as curtail() is concerned, if it is the first one.
  bool allows(const Range& run, bool is_first) {
    run_end_ = run.end;
    return is_first || !is_curtailed_;
  }
  const std::atomic<bool>& is_abandoned() const { return is_abandoned_; }

 private:
  std::atomic<bool> is_abandoned_ = false;
  std::atomic<bool> is_curtailed_ = false;
  std::atomic<std::uint64_t> run_end_ = 0;  // of the run in hand; set before is_curtailed_ is read
};

}  // namespace pq::programs
