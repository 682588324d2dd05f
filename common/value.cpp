#include "common/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

namespace pq {
namespace {

// `sum`: of both, if it fits.
template <class Number>
std::optional<Value> fold_alike(Fold how, Number left, Number right, std::optional<Number> sum) {
  switch (how) {
    case Fold::sum:
      return sum ? std::optional<Value>(*sum) : std::nullopt;
    case Fold::min:
      return std::min(left, right);
    case Fold::max:
      return std::max(left, right);
    case Fold::none:
      return left;
  }
  return std::nullopt;
}

std::optional<Value> fold_integers(Fold how, Int128 left, Int128 right) {
  Int128 sum = 0;
  const bool overflows = __builtin_add_overflow(left, right, &sum);
  return fold_alike(how, left, right, overflows ? std::nullopt : std::optional(sum));
}

// An undefined or infinite operand is refused too: min and max would let it vanish or stay, by its place.
std::optional<Value> fold_doubles(Fold how, double left, double right) {
  if (!std::isfinite(left) || !std::isfinite(right)) return std::nullopt;
  const double sum = left + right;
  return fold_alike(how, left, right, std::isfinite(sum) ? std::optional(sum) : std::nullopt);
}

double as_double(const Value& value) {
  return std::visit([](auto number) { return static_cast<double>(number); }, value);
}

std::string to_text(double value) {
  std::array<char, 32> buffer{};  // the shortest form of a double takes 24 characters at most
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), written.ptr);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Counts downwards for a negative number: only so does the smallest one fit.
std::optional<Value> parse_int128(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  Int128 value = 0;
  for (const char c : text) {
    const Int128 digit = is_negative ? '0' - c : c - '0';
    if (__builtin_mul_overflow(value, Int128{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, digit, &value)) return std::nullopt;
  }
  return value;
}

// from_chars knows neither locale nor hexadecimal here, but it does know "inf" and "nan".
std::optional<Value> parse_double(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped_at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Value> fold(Fold how, const Value& left, const Value& right) {
  if (how == Fold::none) return left;
  const auto* const left_integer = std::get_if<Int128>(&left);
  const auto* const right_integer = std::get_if<Int128>(&right);
  if (left_integer != nullptr && right_integer != nullptr)
    return fold_integers(how, *left_integer, *right_integer);
  return fold_doubles(how, as_double(left), as_double(right));
}

std::string to_text(const Value& value) {
  return std::visit([](auto number) { return to_text(number); }, value);
}

std::string to_text(Int128 value) { return fmt::format("{}", value); }

std::optional<Value> parse_value(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  return is_integer(text) ? parse_int128(text) : parse_double(text);
}

bool same(const Value& left, const Value& right) {
  if (left.index() != right.index()) return false;
  if (const auto* const integer = std::get_if<Int128>(&left)) return *integer == std::get<Int128>(right);
  return std::bit_cast<std::uint64_t>(std::get<double>(left)) ==
         std::bit_cast<std::uint64_t>(std::get<double>(right));
}

std::string_view to_text(Fold how) {
  switch (how) {
    case Fold::sum:
      return "sum";
    case Fold::min:
      return "min";
    case Fold::max:
      return "max";
    case Fold::none:
      return "none";
  }
  return "";
}

std::optional<Fold> parse_fold(std::string_view word) {
  for (const Fold how : {Fold::sum, Fold::min, Fold::max, Fold::none}) {
    if (to_text(how) == word) return how;
  }
  return std::nullopt;
}

}  // namespace pq
