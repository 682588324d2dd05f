// The values that kernels compute over ranges, and how the values of spans join.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/values/exact_sum.h"
#include "common/values/int128.h"
#include "common/values/rooms.h"
#include "common/values/words.h"

namespace pq {

// An exact signed 128-bit integer; or a double, if a program printed one; or a sum that neither of the two
// can hold exactly. Each number has one form, except that an integer and a double may be equal.
using Value = std::variant<Int128, double, ExactSum>;

enum class Fold { sum, min, max, none };
template <>
inline constexpr std::array<std::string_view, 4> enum_words<Fold>{"sum", "min", "max", "none"};

// The value of two neighbouring spans together, without rounding: in whatever order many are folded, the
// result is the same bit by bit. A sum with a double in it is a decimal. min and max return one of the two
// unchanged, and of equal ones the integer. `none` keeps no value and returns the left one. nullopt: a value
// is not finite, or the sum exceeds what honest values can add up to.
std::optional<Value> fold(Fold how, const Value& left, const Value& right);

// The form for people and programs: an exact sum rounded once, to the nearest double, ties to even. nullopt:
// it does not fit, because it is beyond the largest double, or a sum of integers beyond 128 bits.
std::optional<Value> rounded(const Value& value);

// Why it does not fit, for people. REQUIRES: rounded() is nullopt.
std::string_view flaw_of_sum(const Value& value);

// A sum from the bytes of an ExactSum, in its one form. nullopt: they mean no sum.
std::optional<Value> read_sum(std::string_view bytes);

// In decimal, rounded. A double has the shortest form that reads back as itself, always with a '.', an
// exponent, or both. If a sum does not fit, the text says that.
std::string to_text(const Value& value);
std::string to_text(Int128 value);

// `text` as a value, if all of it is one integer (optional sign, within 128 bits) or one finite decimal
// number; else nullopt.
std::optional<Value> parse_value(std::string_view text);

// The same alternative and the same bits: the meaning of "the kernel is deterministic".
bool same(const Value& left, const Value& right);

}  // namespace pq
