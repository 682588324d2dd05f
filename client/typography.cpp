#include "client/typography.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pq {
namespace {

// Of a character in several bytes, one that is not its first.
bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Code points, both ends included.
struct Block {
  char32_t first;
  char32_t last;
};

// Of the Unicode standard: combining marks and what selects a variant of a character; joiners.
constexpr std::array joining = {Block{0x300, 0x36F},   Block{0x483, 0x489},   Block{0x591, 0x5BD},
                                Block{0x610, 0x61A},   Block{0x64B, 0x65F},   Block{0x1AB0, 0x1AFF},
                                Block{0x1DC0, 0x1DFF}, Block{0x200B, 0x200F}, Block{0x20D0, 0x20FF},
                                Block{0xFE00, 0xFE0F}, Block{0xFE20, 0xFE2F}, Block{0xE0100, 0xE01EF}};

// East_Asian_Width W and F, by the blocks that are wide as a whole, and the pictures.
constexpr std::array wide = {Block{0x1100, 0x115F},   Block{0x2E80, 0x303E},   Block{0x3041, 0xA4CF},
                             Block{0xA960, 0xA97C},   Block{0xAC00, 0xD7A3},   Block{0xF900, 0xFAFF},
                             Block{0xFE30, 0xFE6F},   Block{0xFF00, 0xFF60},   Block{0xFFE0, 0xFFE6},
                             Block{0x1F300, 0x1F64F}, Block{0x1F680, 0x1F6FF}, Block{0x1F900, 0x1F9FF},
                             Block{0x20000, 0x3FFFD}};

template <std::size_t count>
bool holds(const std::array<Block, count>& blocks, char32_t point) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const Block& block) { return block.first <= point && point <= block.last; });
}

char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return first;
  char32_t point = first & (0x7FU >> character.size());
  for (const char c : character.substr(1)) point = point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return point;
}

std::size_t columns_of_character(std::string_view character) {
  const char32_t point = code_point(character);
  if (point < joining.front().first) return 1;
  return holds(joining, point) ? 0 : holds(wide, point) ? 2 : 1;
}

}  // namespace

std::size_t character_bytes(std::string_view text) {
  std::size_t bytes = 1;
  while (bytes < std::min<std::size_t>(text.size(), 4) && continues(text[bytes])) ++bytes;
  return bytes;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    columns += columns_of_character(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return columns;
}

std::string shortened(const std::string& text, std::size_t columns_max) {
  if (columns_of(text) <= columns_max) return text;
  std::size_t bytes = 0;
  for (std::size_t columns = 0; bytes < text.size();) {
    const std::string_view rest = std::string_view(text).substr(bytes);
    const std::size_t next = character_bytes(rest);
    columns += columns_of_character(rest.substr(0, next));
    if (columns >= columns_max) break;
    bytes += next;
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
