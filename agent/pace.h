// What a step of one job costs here: a fixed part (a sieve's tables, a program's start) and a part per
// integer. Both are learned from earlier steps, and decide the width of the next step.
//
// The fit is a straight line through (width, seconds), by weighted least squares on errors relative to the
// expectation; later steps count more. The kernel's expectation, times the measured slowness, adds two more
// steps of small weight. So the fixed part stays well determined if all steps have one width, and the part
// per integer if all steps are small, as at a job's end.
#pragma once

#include <cstdint>

#include "common/values/kernel.h"

namespace pq::agent {

class Pace {
 public:
  explicit Pace(Kernel kernel) : kernel_(kernel) {}

  // A step of `width` integers from `at` took this long.
  void learn(std::uint64_t at, std::uint64_t width, double seconds);

  bool is_measured() const { return steps_ > 0; }

  // The cost of a step that begins at `at`; without an argument, where the latest step began.
  Cost cost(std::uint64_t at) const;
  Cost cost() const { return cost(latest_); }

  // Integers to compute before the next commit, 1 … left: about a second's worth. A step is longer where the
  // fixed part would exceed its share, and a quarter as long for a first try. The rest is divided evenly.
  std::uint64_t step_width(std::uint64_t at, std::uint64_t left) const;

 private:
  void follow_speed(std::uint64_t at, double width, double seconds);

  // Sums of a weighted least-squares fit of t = f + c·w.
  struct Sums {
    double one = 0, w = 0, ww = 0, t = 0, wt = 0;
    void add(double width, double seconds, double expected_s, double weight);
    Cost solve() const;
  };

  Kernel kernel_;
  Sums measured_;
  double log_slowness_ = 0;  // of measured seconds / expected seconds, later steps counting more
  std::uint64_t steps_ = 0;
  std::uint64_t latest_ = 0;
  double widest_ = 0;  // of the steps so far, later ones counting more
};

}  // namespace pq::agent
