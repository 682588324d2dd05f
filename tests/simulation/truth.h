// What is computed in a simulation, so that every part of every total can be checked at any time: an additive
// function whose value over any range is known at once, and of which no two different tilings agree by
// chance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/job.h"
#include "common/range.h"
#include "common/value.h"
#include "tests/dice.h"

namespace pq::simulation {

// The value of [a, b) is F(b) - F(a) for a random F: it telescopes over every exact tiling, and over no
// other.
constexpr Value computed(Fold how, const Range& range) {
  switch (how) {
    case Fold::min:
      return Int128{range.begin};
    case Fold::max:
      return Int128{range.end} - 1;
    default:
      return Int128{mix(range.end) >> 2} - Int128{mix(range.begin) >> 2};
  }
}

// What a job must say of a part that is counted; nothing where its fold keeps no value.
inline std::optional<Value> truth(const JobSpec& spec, const Range& part) {
  if (spec.fold == Fold::none || part.is_empty()) return std::nullopt;
  return computed(spec.fold, part);
}

// What a program prints in one run.
inline std::string printed(const Range& run) { return to_text(run) + "\n"; }

// A rule was broken. The text says which, by its name in DESIGN.md, and what was seen.
struct Broken {
  std::string what;
};

}  // namespace pq::simulation
