// How wide a lease is, and where a running one is split: arithmetic without state.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/kernel.h"
#include "common/values/range.h"

namespace pq::core {

// What one agent measured of a job, for each of its slots.
struct Measured {
  Cost cost;
  std::uint32_t slots = 0;  // those that accept work
};

// What a job costs an agent that has not measured it, and what an average slot of the fleet computes of it.
struct Speeds {
  std::optional<Cost> usual;  // the median of what was measured
  double slot_per_s = 0;      // integers
};

// `slots_unmeasured` could compute the job but have not; `expected` is the kernel's expectation.
Speeds speeds_of(const std::vector<Measured>& measured, std::uint64_t slots_unmeasured, const Cost& expected);

// What is known when a slot asks for work.
struct WidthFacts {
  Cost cost;                 // of this job on this slot
  bool is_measured = false;  // by this agent; else it is what others measured, or the kernel's expectation
  double rest = 0;           // integers of the job that are not done, leased ones included
  double fleet_per_s = 0;    // integers a second of all slots that the job can expect
  bool is_alone = false;     // the job can expect only this slot
  double stretch = 1;        // of the longest width: stretch_of(the lease)
};

// Evenly spread between 1 - lease_width_spread and 1 + lease_width_spread, and far apart for successive ids.
// Otherwise a fleet that got work at one moment would always come back for more at one moment.
double stretch_of(LeaseId id);

// The width of the next lease: the slot's rate × a time that shrinks towards the end of the job. The time is
// not below what the kernel's fixed cost allows, and never above the slot's even share of the rest, so that
// all slots end together. But it is at least a round trip, and at least the fixed cost. A slot alone gets all
// of its share at once. Only the longest widths are stretched, so the end of a job stays exact.
std::uint64_t lease_width(const WidthFacts& facts);

// The length of a usual step: long enough that its fixed cost is a small share of it.
double step_s(const Cost& cost);

// A running lease.
struct Running {
  Range range;             // of the lease
  std::uint64_t upto = 0;  // its committed point
  Duration since_commit{0};
  Cost cost;  // on its holder's slot
  // How long the holder has been in the step that begins at `upto`: its last beat reported no more. A step
  // that takes too long shows that the holder has become slower.
  Duration same_step{0};
  Duration beat = limits::beat_interval;
  std::uint64_t step_width_least = 1;  // integers; for a program with runs of fixed width, one run
  bool is_measured = true;             // some agent has measured a step of this job
};

// How long its holder has been in a step that is far beyond its usual time; nothing: it is not stuck.
std::optional<Duration> stuck_for(const Running& lease);

// Seconds that the lease will still take, at its holder's rate.
double predicted_rest_s(const Running& lease);

// Where to split the lease so that its holder and an idle slot of `thief` cost end together; nullopt if that
// would gain too little. A stuck holder keeps only the run in hand.
std::optional<std::uint64_t> split_point(const Running& lease, const Cost& thief);

}  // namespace pq::core
