#include "agent/pace.h"

#include <algorithm>
#include <cmath>

#include "common/protocol/limits.h"

namespace pq::agent {
namespace {

constexpr double memory = 0.7;          // of earlier steps, at each new one
constexpr double prior_weight = 0.002;  // of the kernel's expectation; the last step has weight 1
constexpr double first_try = 0.25;      // of the usual step, before anything was measured
constexpr double growth_max = 16;       // from the widest step so far to the next
constexpr double surprise = 2;          // times the prediction: more than that is not noise
constexpr double seconds_min = 1e-7;    // the resolution of a clock

}  // namespace

void Pace::Sums::add(double width, double seconds, double expected_s, double weight) {
  const double of_relative_error = weight / (expected_s * expected_s);
  one += of_relative_error;
  w += of_relative_error * width;
  ww += of_relative_error * width * width;
  t += of_relative_error * seconds;
  wt += of_relative_error * width * seconds;
}

Cost Pace::Sums::solve() const {
  const double determinant = one * ww - w * w;
  Cost cost{.fixed_s = (t * ww - wt * w) / determinant, .per_integer_s = (one * wt - w * t) / determinant};
  if (!(cost.fixed_s >= 0) || !(cost.per_integer_s > 0)) cost = {.fixed_s = 0, .per_integer_s = wt / ww};
  return cost;
}

// A step took much longer or shorter than one of about its width should. So the machine has another speed
// now, and earlier measurements are scaled to it. Otherwise, when the next steps have other widths, the line
// through both speeds would turn the difference into a fixed cost.
void Pace::follow_speed(std::uint64_t at, double width, double seconds) {
  const bool is_comparable = width > widest_ / surprise && width < widest_ * surprise;
  const double change = seconds / cost(at).seconds(width);
  if (!is_comparable || (change < surprise && change > 1 / surprise)) return;
  measured_.t *= change;
  measured_.wt *= change;
  log_slowness_ += std::log(change);
}

void Pace::learn(std::uint64_t at, std::uint64_t width, double seconds) {
  seconds = std::max(seconds, seconds_min);
  for (double* sum : {&measured_.one, &measured_.w, &measured_.ww, &measured_.t, &measured_.wt})
    *sum *= memory;
  const auto integers = static_cast<double>(width);
  if (is_measured()) follow_speed(at, integers, seconds);
  const double expected_s = expected_cost(kernel_, at).seconds(integers);
  measured_.add(integers, seconds, expected_s, 1);
  // A short step depends more on what surrounds the kernel than on the machine.
  const double trust = std::min(1.0, seconds / (first_try * pq::seconds(limits::step_usual)));
  const double newest = trust * (is_measured() ? 1 - memory : 1);
  log_slowness_ += newest * (std::log(seconds / expected_s) - log_slowness_);
  steps_ += 1;
  latest_ = at;
  widest_ = std::max(widest_ * memory, integers);
}

Cost Pace::cost(std::uint64_t at) const {
  const Cost expected = expected_cost(kernel_, at);
  if (!is_measured()) return expected;
  const double slowness = std::exp(log_slowness_);
  const double usual_width = seconds(limits::step_usual) / expected.per_integer_s;
  const double usual_s = expected.seconds(usual_width);
  Sums sums = measured_;
  sums.add(0, slowness * expected.fixed_s, expected.fixed_s, prior_weight);
  sums.add(usual_width, slowness * usual_s, usual_s, prior_weight);
  return sums.solve();
}

std::uint64_t Pace::step_width(std::uint64_t at, std::uint64_t left) const {
  const Cost now = cost(at);
  const double worth_its_fixed_part = now.fixed_s / limits::fixed_cost_share_max;
  double target_s =
      std::min(std::max(seconds(limits::step_usual), worth_its_fixed_part), seconds(limits::step_longest));
  if (!is_measured()) target_s *= first_try;
  // If the fixed part alone takes as long as a step may, the step must still compute something.
  const double for_integers_s = std::max(target_s - now.fixed_s, seconds(limits::step_usual) * first_try);
  double width = std::max(1.0, for_integers_s / now.per_integer_s);
  if (is_measured()) width = std::min(width, widest_ * growth_max);
  const double parts = std::ceil(static_cast<double>(left) / width);
  if (parts <= 1) return left;
  // Even parts once the pace is known: a small rest at the end would pay the fixed part for nothing.
  if (is_measured()) width = static_cast<double>(left) / parts;
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(std::min(width, 9e18))), 1, left);
}

}  // namespace pq::agent
