#include "client/typography.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace pq::client {
namespace {

constexpr std::size_t utf8_character_bytes_max = 4;

}  // namespace

Character first_character(std::string_view text) {
  utf8proc_int32_t point = 0;
  const std::string_view first = text.substr(0, utf8_character_bytes_max);
  std::array<utf8proc_uint8_t, utf8_character_bytes_max> bytes{};
  std::copy(first.begin(), first.end(), bytes.begin());
  const auto count = utf8proc_iterate(bytes.data(), static_cast<utf8proc_ssize_t>(first.size()), &point);
  if (count <= 0) return {};
  return {static_cast<std::size_t>(count), static_cast<std::size_t>(utf8proc_charwidth(point))};
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    columns += character.columns;
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string shortened(const std::string& text, std::size_t columns_max) {
  if (columns_of(text) <= columns_max) return text;
  std::size_t bytes = 0;
  for (std::size_t columns = 0; bytes < text.size();) {
    const Character next = first_character(std::string_view(text).substr(bytes));
    columns += next.columns;
    if (columns >= columns_max) break;
    bytes += next.bytes;
  }
  return text.substr(0, bytes) + "…";
}

std::string grouped_digits(const std::string& decimal) {
  const std::size_t sign = decimal.starts_with('-') ? 1 : 0;
  if (decimal.find_first_not_of("0123456789", sign) != std::string::npos) return decimal;
  std::string text;
  for (std::size_t i = 0; i < decimal.size(); ++i) {
    if (i > sign && (decimal.size() - i) % 3 == 0) text += ' ';
    text += decimal[i];
  }
  return text;
}

std::string compact(double number) {
  constexpr std::array units = {"", " k", " M", " G", " T", " P", " E"};
  std::size_t unit = 0;
  while (number >= 999.5 && unit + 1 < units.size()) {
    number /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", number, units[unit]);
}

}  // namespace pq::client
