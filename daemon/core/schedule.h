// How wide a lease is and where a running one is split: arithmetic, with no state of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/instant.h"
#include "common/kernel.h"
#include "common/limits.h"
#include "common/range.h"

namespace pq {

// One agent's word on what a job costs on each of its slots.
struct Measured {
  Cost cost;
  std::uint32_t slots = 0;  // of those that take work
};

// What a job costs where nobody has told, and what a slot of the fleet computes of it on the average.
struct Speeds {
  std::optional<Cost> usual;  // the median of what was measured
  double slot_per_s = 0;      // integers
};

// `slots_unmeasured` are those that could compute it but have not; `expected` is what the kernel expects.
Speeds speeds_of(const std::vector<Measured>& measured, std::uint64_t slots_unmeasured, const Cost& expected);

// What is known when a slot asks for work.
struct WidthFacts {
  Cost cost;                 // of this job on this slot
  bool is_measured = false;  // by this agent; else it is what others measured, or the kernel's expectation
  double rest = 0;           // integers of the job that are not done, leased ones included
  double fleet_per_s = 0;    // integers a second of all slots that the job may expect
  bool is_alone = false;     // which is this one
};

// The width of the next lease: the slot's rate × a time that shrinks towards the end of the job, but not
// below what the kernel's fixed cost allows, and never beyond the slot's even share of the rest (so that all
// end together), unless that share is less than a round trip or than the fixed cost itself. A slot alone has
// nobody to end together with.
std::uint64_t lease_width(const WidthFacts& facts);

// The length of a usual step: one so long that its fixed cost is a small share of it.
double step_s(const Cost& cost);

// A lease as it runs.
struct Running {
  Range range;             // of the lease
  std::uint64_t upto = 0;  // its committed point
  Duration since_commit{0};
  Cost cost;  // on its holder's slot
  // So long has the holder been in the step that begins at `upto`, by its own word: its last beat told of no
  // more. A step that takes longer than it should shows a holder that has become slower.
  Duration same_step{0};
  Duration beat = limits::beat_interval;
  std::uint64_t step_width_least = 1;  // integers; of a program with runs of its own width, one run
};

// Seconds that it will still take, by its holder's own rate.
double predicted_rest_s(const Running& lease);

// Where to split it so that its holder and an idle slot of `thief` cost end together; nullopt if what is left
// is not worth it: below two steps.
std::optional<std::uint64_t> split_point(const Running& lease, const Cost& thief);

}  // namespace pq
