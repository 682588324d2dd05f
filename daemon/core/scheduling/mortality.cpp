#include "daemon/core/scheduling/mortality.h"

#include <algorithm>
#include <cmath>

namespace pq::core {
namespace {

constexpr double memory_s = 3600 / 0.6931;  // e-folding time for a half-life of an hour
constexpr double prior_lost = 1;            // before anything is known: one agent …
constexpr double prior_lived_s = 30;        // … in so long
constexpr double accident_max = 3e-3;       // below this chance, accident is excluded
constexpr std::uint32_t agents_least = 2;   // one agent may be at fault itself
constexpr std::uint32_t alone_least = 2;    // the first loss may be due to other integers of the part
constexpr std::uint64_t narrow = 64;        // in a part this narrow, each integer is tried alone at once
constexpr std::uint64_t pieces_max = 256;   // of a part, each a lease
constexpr std::uint64_t runs_alone = 1024;  // of a part: each a lease; of more, several are one

}  // namespace

void Mortality::pass(std::size_t agents, Instant now) {
  const double since_s = has_begun_ ? std::max(0.0, seconds(now - passed_at_)) : 0;
  has_begun_ = true;
  passed_at_ = now;
  const double kept = std::exp(-since_s / memory_s);
  lost_ *= kept;
  explained_ *= kept;
  lived_s_ = lived_s_ * kept + since_s * static_cast<double>(agents);
}

double Mortality::chance(std::uint32_t losses, Duration in_hand) const {
  const double lost = std::max(0.0, lost_ - explained_) + prior_lost;
  const double expected = lost / (lived_s_ + prior_lived_s) * seconds(in_hand);
  double term = std::exp(-expected);  // the chance of exactly i losses, here of none
  double fewer = 0;
  for (std::uint32_t i = 0; i < losses; ++i) {
    fewer += term;
    term *= expected / (i + 1);
  }
  return std::clamp(1 - fewer, 0.0, 1.0);
}

bool is_suspect(const JobSpec& spec, const Evidence& evidence) {
  return spec.crash_limit > 0 && evidence.losses > 0;
}

std::uint64_t suspect_width(const JobSpec& spec, const Evidence& evidence, const Range& free) {
  // From the width of what was lost, not of its rest: otherwise the pieces would become ever smaller.
  const std::uint64_t width = std::max(evidence.lost_width, free.width());
  const auto at_most_all = [&](std::uint64_t piece) { return std::min(piece, free.width()); };
  const bool has_runs = spec.program && spec.program->run_width > 0;
  if (evidence.losses == 1 && has_runs) {
    const std::uint64_t piece = std::max<std::uint64_t>(width / runs_alone, 1);
    return std::min(run_boundary(spec, free.begin + at_most_all(piece)), free.end) - free.begin;
  }
  const std::uint64_t piece = std::max<std::uint64_t>(width / pieces_max, 1);
  if (evidence.losses > 1 || width <= narrow) return at_most_all(piece);
  return at_most_all(std::max(static_cast<std::uint64_t>(std::sqrt(static_cast<double>(width))), piece));
}

bool is_killer(const JobSpec& spec, const Evidence& evidence, const Mortality& losses) {
  if (spec.crash_limit == 0 || evidence.losses < std::max(spec.crash_limit, agents_least)) return false;
  if (evidence.losses_alone < alone_least) return false;
  const bool met_others = evidence.lost_on.size() >= agents_least;
  // With only one agent, one more loss is needed.
  if (!met_others && evidence.losses <= spec.crash_limit) return false;
  return losses.chance(evidence.losses, evidence.in_hand) < accident_max;
}

}  // namespace pq::core
