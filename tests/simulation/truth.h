// What simulated jobs compute, so that every part of every total can be checked at any time. It is an
// additive function. Its value over any range is known at once, and two different tilings never agree by
// chance.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/values/check.h"
#include "common/values/job.h"
#include "common/values/range.h"
#include "common/values/value.h"
#include "tests/dice.h"
#include "tests/rooms.h"

namespace pq::simulation {

// How many of the integers below `end` a simulated sieve counts: of each 64 three neighbours, at a random
// place. So a count is one that a sieve may give, and two tilings that differ by more than a few integers
// disagree.
constexpr Int128 counted_below(std::uint64_t end) {
  const std::uint64_t block = end / 64;
  const std::uint64_t first = mix(block) % 61;
  const std::uint64_t beyond = end % 64 > first ? end % 64 - first : 0;
  return Int128{block} * 3 + (beyond < 3 ? beyond : 3);
}

// A sieve's.
inline Value counted(const Range& range) { return counted_below(range.end) - counted_below(range.begin); }

// A program's value of [a, b) is F(b) - F(a) for a random F: it telescopes over every exact tiling, and over
// no other.
inline Value telescoped(Fold how, const Range& range) {
  switch (how) {
    case Fold::min:
      return Int128{range.begin};
    case Fold::max:
      return Int128{range.end} - 1;
    default:
      return Int128{mix(range.end) >> 2} - Int128{mix(range.begin) >> 2};
  }
}

// ---------------------------------------------------------------- decimals

// Programs called so print a decimal for each integer, in runs of one. Every other one is so large that added
// to a double it swallows those between, and most of it is taken off again later.
inline const std::vector<std::string> decimal_words = {"simulated", "decimals"};

inline bool has_decimals(const std::optional<Program>& program) {
  return program && program->words == decimal_words;
}

// The same telescope, in units of 2^-20: each step of it changes one of two random terms of 52 bits, so that
// it is a double, while their sum takes a hundred bits.
inline Int128 decimal_units(const Range& range) {
  const auto until = [](std::uint64_t n) {
    const Int128 large = mix(n / 2 + n % 2) >> 12U;
    const Int128 small = mix(~(n / 2)) >> 12U;
    return (large << 48U) + small;
  };
  return until(range.end) - until(range.begin);
}

inline double decimal_of(Int128 units) { return std::ldexp(static_cast<double>(units), -20); }

// Whether a value equals this number, in the one form that PROTOCOL.md allows. This reads it bit by bit, and
// not with the code under test.
inline bool is_exactly(const Value& value, Int128 units) {
  if (const auto* decimal = std::get_if<double>(&value))
    return same(*decimal, decimal_of(units)) && static_cast<Int128>(std::ldexp(*decimal, 20)) == units;
  const auto* sum = std::get_if<ExactSum>(&value);
  if (sum == nullptr) return false;
  const auto head = static_cast<unsigned char>(sum->bytes().front());
  UInt128 magnitude = 0;
  for (std::size_t bit = 0; bit < 8 * (sum->bytes().size() - 1); ++bit) {
    const auto byte = static_cast<unsigned char>(sum->bytes()[1 + bit / 8]);
    if ((byte >> bit % 8 & 1U) == 0) continue;
    const auto place = static_cast<std::ptrdiff_t>(bit + 64U * (head % 64U)) - 1074 + 20;
    if (place < 0 || place > 126) return false;
    magnitude |= UInt128{1} << static_cast<unsigned>(place);
  }
  const bool has_flag = (head & 64U) != 0;
  return has_flag && static_cast<Int128>(head >= 128 ? -magnitude : magnitude) == units;
}

// ---------------------------------------------------------------- what must be said

// The value of a run.
inline Value computed(Fold how, const std::optional<Program>& program, const Range& run) {
  if (!program) return counted(run);
  if (!has_decimals(program)) return telescoped(how, run);
  check(run.width() == 1, "a program that prints decimals runs for one integer");
  return decimal_of(decimal_units(run));
}

// Whether a job may report this for a part that counts: no value if its fold keeps none.
inline bool is_true(const JobSpec& spec, const Range& part, const std::optional<Value>& value) {
  if (spec.fold == Fold::none || part.is_empty()) return !value;
  if (!value) return false;
  return has_decimals(spec.program) ? is_exactly(*value, decimal_units(part))
                                    : same(*value, computed(spec.fold, spec.program, part));
}

// The same for reports to clients, which are rounded.
inline bool is_told_truly(const JobSpec& spec, const Range& part, const std::optional<Value>& value) {
  if (!value || !has_decimals(spec.program)) return is_true(spec, part, value);
  return same(*value, decimal_of(decimal_units(part)));
}

// The output of a program in one run.
inline std::string printed(const Range& run) { return to_text(run) + "\n"; }

// A rule was broken. The text has the rule's name in DESIGN.md, and what was seen.
struct Broken {
  std::string what;
};

}  // namespace pq::simulation
