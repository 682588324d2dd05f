// The value of a part here, as in the simulation: cheap for any width, additive like a kernel's value, and
// possible as a sieve's count.
#pragma once

#include <optional>

#include "common/values/job.h"
#include "common/values/range.h"
#include "common/values/value.h"
#include "tests/rooms.h"
#include "tests/simulation/truth.h"

namespace pq::fuzz {

// No value for an empty part, or where the fold is `none`.
inline std::optional<Value> truth(const JobSpec& spec, const Range& part) {
  if (part.is_empty() || spec.fold == Fold::none) return std::nullopt;
  if (spec.kernel != Kernel::exec) return simulation::counted(part);
  return simulation::telescoped(spec.fold, part);
}

}  // namespace pq::fuzz
