// What goes into a slot and what comes out of it.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "common/ids.h"
#include "common/instant.h"
#include "common/kernel.h"
#include "common/range.h"
#include "common/value.h"

namespace pq {

// What a slot computes between two commits.
struct Step {
  std::uint32_t slot = 0;
  LeaseId lease;
  Kernel kernel = Kernel::primes;
  Range range;
};

struct StepResult {
  Step step;
  tl::expected<Value, std::string> outcome;  // the error: the program's last words
  Duration took{0};
};

}  // namespace pq
