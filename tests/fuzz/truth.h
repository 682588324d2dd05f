// What a range is worth here: cheap for any width, and additive as a kernel's value is. Every begin and every
// end leave their mark in a sum, so that a part which was counted twice, or never, changes it.
#pragma once

#include <cstdint>
#include <optional>

#include "common/range.h"
#include "common/value.h"

namespace pq::fuzz {

// SplitMix64's finaliser (Steele, Lea, Flood 2014).
constexpr std::uint64_t mark_of(std::uint64_t n) {
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return n ^ (n >> 31);
}

// Nothing of an empty range, and where the fold is `none`.
inline std::optional<Value> truth(Fold how, const Range& range) {
  if (range.is_empty()) return std::nullopt;
  switch (how) {
    case Fold::sum:
      return Int128{mark_of(range.end)} - Int128{mark_of(range.begin)};
    case Fold::min:
      return Int128{range.begin};
    case Fold::max:
      return Int128{range.end - 1};
    case Fold::none:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace pq::fuzz
