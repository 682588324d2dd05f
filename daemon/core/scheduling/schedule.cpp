#include "daemon/core/scheduling/schedule.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "common/protocol/limits.h"
#include "daemon/core/limits.h"

namespace pq::core {
namespace {

constexpr double widest = 9.0e18;  // fits 64 bits; a span limits it further

// Offsets from the committed point, not positions: near 2^64 the next double is 2048 integers away.
double width_left(const Running& lease) { return static_cast<double>(lease.range.end - lease.upto); }

// How long a step of this lease usually takes, with its least width as the lower bound.
double usual_step_s(const Running& lease) {
  return std::max(step_s(lease.cost), lease.cost.seconds(static_cast<double>(lease.step_width_least)));
}

// The next beat reports a commit, so a usual step is over within its own time and a beat's. If the holder's
// step takes k times as long, the holder counts as k times slower from here on.
Cost present_cost(const Running& lease) {
  const double usual_s = usual_step_s(lease) + seconds(lease.beat);
  const double slowness = std::max(1.0, seconds(lease.same_step) / usual_s);
  return {.fixed_s = lease.cost.fixed_s * slowness, .per_integer_s = lease.cost.per_integer_s * slowness};
}

// Integers that the holder has probably computed since its last commit: as many as its rate allows. While it
// reports the same step, no more than this step and what followed its last report.
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

// Multiples of the golden ratio: their fractions lie far apart for any few in a row.
double stretch_of(LeaseId id) {
  constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;  // as a fraction of 2^64
  const std::uint64_t place = id.epoch.value + id.counter * golden;
  return 1 + limits::lease_width_spread * (std::ldexp(static_cast<double>(place), -63) - 1);
}

std::uint64_t lease_width(const WidthFacts& facts) {
  const double even_share_s = facts.rest / std::max(facts.fleet_per_s, 1e-9);
  const double shortest_s =
      std::max(seconds(limits::lease_width_shortest), facts.cost.fixed_s / limits::fixed_cost_share_max);
  const double bound_s = seconds(limits::lease_width_longest) * facts.stretch;
  // A job that is over soon needs no spreading: no slot comes back twice.
  const bool is_long = even_share_s > 2 * seconds(limits::lease_width_longest);
  const double unmeasured_s = seconds(limits::lease_width_unmeasured) * (is_long ? facts.stretch : 1);
  const double longest_s = facts.is_measured ? bound_s : std::max(unmeasured_s, shortest_s);
  const double tapered_s = std::clamp(facts.is_alone ? even_share_s : even_share_s / 2,
                                      std::min(shortest_s, longest_s), longest_s);
  const double least_s = std::max(seconds(limits::lease_width_least), facts.cost.fixed_s);
  const double time_s = std::min(std::max(std::min(tapered_s, even_share_s), least_s), bound_s);
  // One more than the quotient, so that rounding does not leave a last integer for a lease of its own.
  return static_cast<std::uint64_t>(std::min(time_s / facts.cost.per_integer_s, widest)) + 1;
}

double step_s(const Cost& cost) {
  const double worth_its_fixed_s = cost.fixed_s / limits::fixed_cost_share_max;
  return std::min(std::max(seconds(limits::step_usual), worth_its_fixed_s), seconds(limits::step_longest));
}

double predicted_rest_s(const Running& lease) {
  const Cost cost = present_cost(lease);
  // Nothing that it should have computed by now is there. At least the age of the step, so that the lease is
  // considered at all.
  if (const auto stuck = stuck_for(lease))
    return std::max(width_left(lease) * cost.per_integer_s, seconds(*stuck));
  return (width_left(lease) - predicted_ahead(lease, cost)) * cost.per_integer_s;
}

std::optional<Duration> stuck_for(const Running& lease) {
  const double usual_s = usual_step_s(lease) + seconds(lease.beat);
  const Duration longest = lease.is_measured
                               ? from_seconds(limits::stuck_factor * usual_s) + limits::stuck_margin
                               : limits::stuck_unmeasured;
  return lease.same_step > longest ? std::optional(lease.same_step) : std::nullopt;
}

std::optional<std::uint64_t> split_point(const Running& lease, const Cost& thief) {
  if (stuck_for(lease)) {
    const std::uint64_t run = lease.step_width_least;
    return run < lease.range.end - lease.upto ? std::optional(lease.upto + run) : std::nullopt;
  }
  const Cost cost = present_cost(lease);
  const double ahead = predicted_ahead(lease, cost);
  const double left = width_left(lease) - ahead;
  // Both end together where kept × holder = fixed + (left - kept) × thief. But the holder finishes its step
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

}  // namespace pq::core
