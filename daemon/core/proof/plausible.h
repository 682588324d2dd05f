// Values that no kernel of pq can have computed. They are checked at each commit, because that costs nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/values/job.h"
#include "common/values/value.h"

namespace pq::core {

// "Of the lease that begins at `begin`, [begin, upto) has this value."
struct Counted {
  std::uint64_t upto = 0;
  std::optional<Value> value;
};

// Why this value is impossible, alone or after the one `before` of the same lease: "-7 for [10, 20): …".
// Nothing for a program: its values may be any.
std::optional<std::string> why_impossible(const JobSpec& spec, std::uint64_t begin, const Counted& before,
                                          const Counted& now);

}  // namespace pq::core
