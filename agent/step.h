// What goes into a slot and what comes out of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/instant.h"
#include "common/kernel.h"
#include "common/messages.h"
#include "common/range.h"
#include "common/value.h"

namespace pq {

// What a slot computes between two commits: one run of a program, or several, or a part of a sieve.
struct Step {
  std::uint32_t slot = 0;  // the first of those it holds
  LeaseId lease;
  Kernel kernel = Kernel::primes;
  Range range;
  JobId job;
  std::uint32_t attempt = 1;              // of a program, on this part
  std::shared_ptr<const JobOrder> order;  // of its job. Never null when made by Session
};

// All that a program printed in one run of a job that collects it.
struct CollectedRun {
  Range run;
  std::string text;
};

struct StepResult {
  struct FailedRun {
    std::uint64_t upto = 0;
    std::string error;
  };

  Step step;
  std::uint64_t upto = 0;               // [step.range.begin, upto) is computed
  std::optional<Value> value;           // of that, where the fold keeps one and it is not empty
  std::optional<FailedRun> failed;      // [upto, failed->upto) failed: the program's last words
  std::vector<CollectedRun> collected;  // of the runs before upto
  Duration took{0};
  bool is_typical = true;  // false: it includes an interpreter's start and is not learned from
};

// The whole of it.
StepResult computed(Step step, Value value, Duration took);
// None of it.
StepResult failed(Step step, std::string error, Duration took);

// The first run of [begin, …) of what an agent holds up to `end`; nothing: the job's runs have no width of
// their own.
std::optional<Range> run_at(const JobOrder& order, std::uint64_t begin, std::uint64_t end);

}  // namespace pq
