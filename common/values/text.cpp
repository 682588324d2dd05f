#include "common/values/text.h"

#include <algorithm>
#include <cstddef>

#include "common/values/limits.h"

namespace pq {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Marks that turn the direction of text around: U+200E and U+200F, U+202A to U+202E, U+2066 to U+2069. By
// them a name or a line can read as another one.
bool turns_direction(unsigned char second, unsigned char third) {
  if (second == 0x80) return third == 0x8E || third == 0x8F || (0xAA <= third && third <= 0xAE);
  return second == 0x81 && 0xA6 <= third && third <= 0xA9;
}

// The bytes of the printable character at the front of `text`, 0 if there is none.
std::size_t printable_front(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(byte_at(text, i))) return 0;
  }
  const unsigned char second = byte_at(text, 1);
  const bool is_control = first == 0xC2 && second < 0xA0;
  const bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool is_no_character = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  const bool is_turn = first == 0xE2 && turns_direction(second, byte_at(text, 2));
  return is_control || is_overlong || is_no_character || is_turn ? 0 : length;
}

}  // namespace

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = printable_front(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const std::size_t bytes = printable_front(text);
    safe.append(bytes == 0 ? "?" : text.substr(0, bytes));
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return safe;
}

std::string_view beginning(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  // A character has at most three bytes after its first: where there are more, it is no UTF-8.
  for (std::size_t back = 0; back <= std::min<std::size_t>(3, bytes_max); ++back) {
    if (!continues(byte_at(text, bytes_max - back))) return text.substr(0, bytes_max - back);
  }
  return text.substr(0, bytes_max);
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::string count_of(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + ' ' + std::string(what) + (count == 1 ? "" : "s");
}

bool is_file_name(std::string_view text) {
  const auto is_plain = [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9');
  };
  return !text.empty() && text.size() <= limits::name_bytes_max && is_plain(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace pq
