#include "client/typography.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pq {
namespace {

// Of a character in several bytes, one that is not its first.
bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string shortened(const std::string& text, std::size_t columns_max) {
  if (columns_of(text) <= columns_max) return text;
  std::size_t bytes = 0;
  for (std::size_t columns = 0; columns + 1 < columns_max; ++columns) {
    do {
      ++bytes;
    } while (continues(text[bytes]));
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

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 1024 && unit + 1 < units.size()) {
    number /= 1024;
    ++unit;
  }
  return fmt::format("{:.4g} {}", number, units[unit]);
}

}  // namespace pq
