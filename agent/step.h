// The input and the output of a slot.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/kernel.h"
#include "common/values/range.h"
#include "common/values/value.h"

namespace pq::agent {

// Beside `slots` slots an agent has two express places, numbered after them. Programs have their own, so that
// a small count never waits for a run of seconds.
inline constexpr std::uint32_t express_places = 2;
constexpr std::uint32_t express_place(std::uint32_t slots, Kernel kernel) {
  return slots + (kernel == Kernel::exec ? 0 : 1);
}

// What a slot computes between two commits: one run of a program, or several, or a part of a sieve.
struct Step {
  std::uint32_t slot = 0;  // the first slot that it holds, or an express place
  LeaseId lease;
  Kernel kernel = Kernel::primes;
  Range range;
  JobId job;
  std::uint32_t attempt = 1;              // of a program, on this part
  std::shared_ptr<const JobOrder> order;  // of its job. Never null when made by Session
};

// Everything that one run of a collecting job printed.
struct CollectedRun {
  Range run;
  std::string text;
};

struct StepResult {
  struct FailedRun {
    std::uint64_t upto = 0;
    std::string error;
    bool cannot_start = false;  // the agent could not start the program
  };

  Step step;
  std::uint64_t upto = 0;               // [step.range.begin, upto) is computed
  std::optional<Value> value;           // of that, where the fold keeps one and it is not empty
  std::optional<FailedRun> failed;      // [upto, failed->upto) failed: the program's last words
  std::vector<CollectedRun> collected;  // of the runs before upto
  bool lacks_files = false;             // the rest waits for files that must be fetched again
  Duration took{0};
  Instant tell_from;       // until then it may turn out that a signal to everybody has cut a program short
  bool is_typical = true;  // false: it includes an interpreter's start and is not learned from
};

// All of the step is computed.
StepResult computed(Step step, Value value, Duration took);
// Nothing of the step is computed.
StepResult failed(Step step, std::string error, Duration took);

// Of each run of this job; 0: its runs have no fixed width.
std::uint64_t run_width(const JobOrder& order);
// The first run of [begin, …) in a lease that ends at `end`; nothing: the job's runs have no fixed width.
std::optional<Range> run_at(const JobOrder& order, std::uint64_t begin, std::uint64_t end);

}  // namespace pq::agent
