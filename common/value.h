// What a kernel computes over a range, and how the values of spans join.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pq {

__extension__ typedef __int128 Int128;  // a GNU extension: ISO C++ has no name for it

// Exact signed 128-bit integers, or doubles where a program prints one.
using Value = std::variant<Int128, double>;

enum class Fold { sum, min, max, none };

// The value of two neighbouring spans together. An integer and a double join as doubles; `none` keeps no
// value and answers the left one. nullopt: the sum does not fit into 128 bits, or is not finite (an error,
// never a wrap).
std::optional<Value> fold(Fold how, const Value& left, const Value& right);

// Decimal; a double in the shortest form that reads back as itself, always with a '.', an exponent, or both.
std::string to_text(const Value& value);
std::string to_text(Int128 value);

// The whole of `text` is one integer (optional sign, within 128 bits) or one finite decimal number; else
// nullopt.
std::optional<Value> parse_value(std::string_view text);

// Same alternative and same bits: what "the kernel is deterministic" means.
bool same(const Value& left, const Value& right);

std::string_view to_text(Fold how);
std::optional<Fold> parse_fold(std::string_view word);

}  // namespace pq
