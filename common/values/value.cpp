#include "common/values/value.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <compare>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

namespace pq {
namespace {

Accumulator unpacked(const Value& value) {
  return std::visit([](const auto& number) { return Accumulator(number); }, value);
}

// In the one form that this sum may have.
Value settled(const Accumulator& sum) {
  if (sum.has_decimals()) {
    if (const auto decimal = sum.as_double()) return *decimal;
  } else if (const auto integer = sum.as_integer()) {
    return *integer;
  }
  return sum.pack();
}

// The sum of two doubles, if it is exactly a double, as for most short decimal numbers. Knuth's two-sum gives
// the error of the addition; if something overflows on the way, that error is not a number.
std::optional<double> add_plainly(double left, double right) {
  const double sum = left + right;
  const double right_part = sum - left;
  const double error = (left - (sum - right_part)) + (right - right_part);
  return error == 0 ? std::optional(sum) : std::nullopt;
}

std::optional<Value> add(const Value& left, const Value& right) {
  const auto* const left_integer = std::get_if<Int128>(&left);
  const auto* const right_integer = std::get_if<Int128>(&right);
  Int128 integer = 0;
  if (left_integer != nullptr && right_integer != nullptr &&
      !__builtin_add_overflow(*left_integer, *right_integer, &integer))
    return integer;
  const auto* const left_decimal = std::get_if<double>(&left);
  const auto* const right_decimal = std::get_if<double>(&right);
  if (left_decimal != nullptr && right_decimal != nullptr) {
    if (const auto decimal = add_plainly(*left_decimal, *right_decimal)) return *decimal;
  }
  Accumulator sum = unpacked(left);
  if (!sum.add(unpacked(right))) return std::nullopt;
  return settled(sum);
}

std::strong_ordering compare_numbers(const Value& left, const Value& right) {
  const auto* const left_integer = std::get_if<Int128>(&left);
  const auto* const right_integer = std::get_if<Int128>(&right);
  if (left_integer != nullptr && right_integer != nullptr) {
    if (*left_integer == *right_integer) return std::strong_ordering::equal;
    return *left_integer < *right_integer ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return unpacked(left).compare(unpacked(right));
}

// The value that `min` or `max` keeps. Of equal numbers that is the integer, because it is written without
// loss. Of zeros it is the one that IEEE 754 calls the lesser or the greater. So the order of folding does
// not matter.
const Value& chosen(Fold how, const Value& left, const Value& right) {
  const auto order = compare_numbers(left, right);
  if (order != 0) return (order < 0) == (how == Fold::min) ? left : right;
  if (left.index() != right.index()) return left.index() < right.index() ? left : right;
  const auto* const left_sum = std::get_if<ExactSum>(&left);
  if (left_sum != nullptr) return left_sum->bytes() < std::get<ExactSum>(right).bytes() ? left : right;
  const auto* const decimal = std::get_if<double>(&left);
  const bool left_is_lesser = decimal != nullptr && std::signbit(*decimal);
  return left_is_lesser == (how == Fold::min) ? left : right;
}

bool is_finite(const Value& value) {
  const auto* const decimal = std::get_if<double>(&value);
  return decimal == nullptr || std::isfinite(*decimal);
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

// Counts downwards for a negative number: otherwise the smallest one does not fit.
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

// from_chars uses no locale and no hexadecimal here, but it accepts "inf" and "nan".
std::optional<Value> parse_double(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, value);
  // Beyond the range of doubles: for a number that is too small, the nearest double is 0 or the smallest one.
  if (error == std::errc::result_out_of_range && stopped_at == end) {
    value = std::strtod(std::string(text).c_str(), nullptr);
    return std::abs(value) < 1 ? std::optional<Value>(value) : std::nullopt;
  }
  if (error != std::errc{} || stopped_at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

// min and max also refuse an undefined or infinite operand; otherwise its place would decide whether it
// stays.
std::optional<Value> fold(Fold how, const Value& left, const Value& right) {
  if (how == Fold::none) return left;
  if (!is_finite(left) || !is_finite(right)) return std::nullopt;
  if (how == Fold::sum) return add(left, right);
  return chosen(how, left, right);
}

std::optional<Value> rounded(const Value& value) {
  const auto* const sum = std::get_if<ExactSum>(&value);
  if (sum == nullptr) return value;
  const Accumulator exact(*sum);
  const double nearest = exact.nearest();
  if (!exact.has_decimals() || !std::isfinite(nearest)) return std::nullopt;
  return nearest;
}

std::string_view flaw_of_sum(const Value& value) {
  const auto* const sum = std::get_if<ExactSum>(&value);
  const bool has_decimals = sum != nullptr && Accumulator(*sum).has_decimals();
  return has_decimals ? "beyond the largest decimal number, 1.7976931348623157e+308"
                      : "beyond a signed 128-bit integer";
}

std::optional<Value> read_sum(std::string_view bytes) {
  const auto sum = Accumulator::read(bytes);
  if (!sum) return std::nullopt;
  return settled(*sum);
}

std::string to_text(const Value& value) {
  if (const auto* const integer = std::get_if<Int128>(&value)) return to_text(*integer);
  const auto shown = rounded(value);
  return shown ? to_text(std::get<double>(*shown)) : "a sum " + std::string(flaw_of_sum(value));
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
  const auto* const decimal = std::get_if<double>(&left);
  const auto* const other = std::get_if<double>(&right);
  if (decimal == nullptr || other == nullptr) return left == right;
  return std::bit_cast<std::uint64_t>(*decimal) == std::bit_cast<std::uint64_t>(*other);
}

}  // namespace pq
