#include "daemon/core/schedule.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "common/limits.h"

namespace pq {
namespace {

constexpr double widest = 9.0e18;  // fits 64 bits; a span cuts it down to what there is

// Offsets from the committed point, not positions: near 2^64 the next double is 2048 integers away.
double width_left(const Running& lease) { return static_cast<double>(lease.range.end - lease.upto); }

// As long as a step of this lease takes: none is shorter than its least.
double usual_step_s(const Running& lease) {
  return std::max(step_s(lease.cost), lease.cost.seconds(static_cast<double>(lease.step_width_least)));
}

// A commit is told with the next beat, so a usual step is over within its own time and a beat's. A holder
// whose step takes k times as long is taken to be k times slower in all that follows.
Cost present_cost(const Running& lease) {
  const double usual_s = usual_step_s(lease) + seconds(lease.beat);
  const double slowness = std::max(1.0, seconds(lease.same_step) / usual_s);
  return {.fixed_s = lease.cost.fixed_s * slowness, .per_integer_s = lease.cost.per_integer_s * slowness};
}

// Integers that the holder has probably computed since its last commit: as many as its rate allows, but while
// it says that it is in the same step, no more than this step and what followed its last word.
double predicted_ahead(const Running& lease, const Cost& cost) {
  const double computed_s = std::max(0.0, seconds(lease.since_commit) - cost.fixed_s);
  const double since_word_s = seconds(lease.since_commit - lease.same_step);
  const double at_most = (usual_step_s(lease) + since_word_s) / lease.cost.per_integer_s;
  return std::min({computed_s / cost.per_integer_s, at_most, width_left(lease)});
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Speeds speeds_of(const std::vector<Measured>& measured, std::uint64_t slots_unmeasured,
                 const Cost& expected) {
  Speeds speeds;
  std::vector<double> fixed_s;
  std::vector<double> per_integer_s;
  double fleet_per_s = 0;
  auto slots = static_cast<double>(slots_unmeasured);
  for (const Measured& agent : measured) {
    fixed_s.push_back(agent.cost.fixed_s);
    per_integer_s.push_back(agent.cost.per_integer_s);
    fleet_per_s += agent.slots / agent.cost.per_integer_s;
    slots += agent.slots;
  }
  if (!measured.empty())
    speeds.usual = Cost{.fixed_s = median(fixed_s), .per_integer_s = median(per_integer_s)};
  const double usual_per_s = 1 / speeds.usual.value_or(expected).per_integer_s;
  fleet_per_s += static_cast<double>(slots_unmeasured) * usual_per_s;
  speeds.slot_per_s = slots > 0 ? fleet_per_s / slots : usual_per_s;
  return speeds;
}

std::uint64_t lease_width(const WidthFacts& facts) {
  const double even_share_s = facts.rest / std::max(facts.fleet_per_s, 1e-9);
  const double shortest_s =
      std::max(seconds(limits::lease_width_shortest), facts.cost.fixed_s / limits::fixed_cost_share_max);
  const double longest_s = facts.is_measured ? seconds(limits::lease_width_longest)
                                             : std::max(seconds(limits::lease_width_unmeasured), shortest_s);
  const double tapered_s = std::clamp(facts.is_alone ? even_share_s : even_share_s / 2,
                                      std::min(shortest_s, longest_s), longest_s);
  const double least_s = std::max(seconds(limits::lease_width_least), facts.cost.fixed_s);
  const double time_s =
      std::min(std::max(std::min(tapered_s, even_share_s), least_s), seconds(limits::lease_width_longest));
  // One more than the quotient: rounding must not leave a last integer to a lease of its own.
  return static_cast<std::uint64_t>(std::min(time_s / facts.cost.per_integer_s, widest)) + 1;
}

double step_s(const Cost& cost) {
  const double worth_its_fixed_s = cost.fixed_s / limits::fixed_cost_share_max;
  return std::min(std::max(seconds(limits::step_usual), worth_its_fixed_s), seconds(limits::step_longest));
}

double predicted_rest_s(const Running& lease) {
  const Cost cost = present_cost(lease);
  return (width_left(lease) - predicted_ahead(lease, cost)) * cost.per_integer_s;
}

std::optional<std::uint64_t> split_point(const Running& lease, const Cost& thief) {
  const Cost cost = present_cost(lease);
  const double ahead = predicted_ahead(lease, cost);
  const double left = width_left(lease) - ahead;
  // Both end together where kept × holder = fixed + (left - kept) × thief; but the holder ends its step
  // first.
  const double even =
      (thief.fixed_s + left * thief.per_integer_s) / (cost.per_integer_s + thief.per_integer_s);
  const double of_step = (usual_step_s(lease) - lease.cost.fixed_s) / lease.cost.per_integer_s;
  const double kept = std::max(even, std::min(of_step, width_left(lease)) - ahead);
  if (!(kept >= 0 && kept < left)) return std::nullopt;
  const double split_s = std::max(kept * cost.per_integer_s, thief.seconds(left - kept));
  if (left * cost.per_integer_s - split_s < seconds(limits::split_gain_least)) return std::nullopt;
  const double offset = std::max(1.0, ahead + kept);
  if (!(offset < width_left(lease))) return std::nullopt;
  const auto end = static_cast<std::uint64_t>(offset);
  if (end >= lease.range.end - lease.upto) return std::nullopt;  // the width was rounded up
  return lease.upto + end;
}

}  // namespace pq
