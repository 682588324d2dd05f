// What a step of one job costs here: a fixed part (a sieve's tables, a program's start) and a part per
// integer, learned from the steps that were taken, and the width of the next step that follows from it.
//
// A straight line is fitted to (width, seconds) by weighted least squares on errors relative to what was
// expected, later steps counting more. What the kernel expects, times the slowness that was measured here,
// takes part as two more steps of small weight: so steps of all one width leave the fixed part well
// determined, and steps of a few integers, which a job's end is made of, the part per integer.
#pragma once

#include <cstdint>

#include "common/kernel.h"

namespace pq {

class Pace {
 public:
  explicit Pace(Kernel kernel) : kernel_(kernel) {}

  // A step of `width` integers from `at` took this long.
  void learn(std::uint64_t at, std::uint64_t width, double seconds);

  bool is_measured() const { return steps_ > 0; }

  // Of a step that begins at `at`; without one, where the latest step began.
  Cost cost(std::uint64_t at) const;
  Cost cost() const { return cost(latest_); }

  // Integers to compute before the next commit, 1 … left: about a second's worth, longer where the fixed part
  // would exceed its share, a quarter of that for a first try, and even parts of what is left.
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

}  // namespace pq
