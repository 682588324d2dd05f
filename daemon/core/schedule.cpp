#include "daemon/core/schedule.h"

#include <algorithm>
#include <cmath>

#include "common/limits.h"

namespace pq {
namespace {

constexpr double widest = 9.0e18;  // fits 64 bits; a span cuts it down to what there is

// A step so long that its fixed cost is a small share of it.
double step_s(const Cost& cost) {
  return std::max(seconds(limits::step_usual), cost.fixed_s / limits::fixed_cost_share_max);
}

// Offsets from the committed point, not positions: near 2^64 the next double is 2048 integers away.
double width_left(const Running& lease) { return static_cast<double>(lease.range.end - lease.upto); }

// Integers that the holder has probably computed since its last commit.
double predicted_ahead(const Running& lease) {
  const double computed_s = std::max(0.0, seconds(lease.since_commit) - lease.cost.fixed_s);
  return std::min(computed_s / lease.cost.per_integer_s, width_left(lease));
}

}  // namespace

std::uint64_t lease_width(const WidthFacts& facts) {
  const double even_share_s = facts.rest / std::max(facts.fleet_per_s, 1e-9);
  const double shortest_s =
      std::max(seconds(limits::lease_width_shortest), facts.cost.fixed_s / limits::fixed_cost_share_max);
  const double longest_s = facts.is_measured ? seconds(limits::lease_width_longest)
                                             : std::max(seconds(limits::lease_width_unmeasured), shortest_s);
  const double tapered_s = std::clamp(even_share_s / 2, std::min(shortest_s, longest_s), longest_s);
  const double least_s = std::max(seconds(limits::lease_width_least), facts.cost.fixed_s);
  const double time_s =
      std::min(std::max(std::min(tapered_s, even_share_s), least_s), seconds(limits::lease_width_longest));
  // One more than the quotient: rounding must not leave a last integer to a lease of its own.
  return static_cast<std::uint64_t>(std::min(time_s / facts.cost.per_integer_s, widest)) + 1;
}

double predicted_rest_s(const Running& lease) {
  return (width_left(lease) - predicted_ahead(lease)) * lease.cost.per_integer_s;
}

std::optional<std::uint64_t> split_point(const Running& lease, const Cost& thief) {
  const double rest_s = predicted_rest_s(lease);
  if (rest_s < 2 * std::max(step_s(lease.cost), step_s(thief))) return std::nullopt;
  const double keeps = thief.per_integer_s / (thief.per_integer_s + lease.cost.per_integer_s);
  const double ahead = predicted_ahead(lease);
  const double offset = ahead + (width_left(lease) - ahead) * keeps;
  if (!(offset >= 1 && offset < width_left(lease))) return std::nullopt;
  const auto kept = static_cast<std::uint64_t>(offset);
  if (kept >= lease.range.end - lease.upto) return std::nullopt;  // the width was rounded up
  return lease.upto + kept;
}

}  // namespace pq
