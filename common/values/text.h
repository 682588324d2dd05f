// Texts from elsewhere that people will read: they must not control a terminal or break a log line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/values/limits.h"
#include "common/values/rooms.h"

namespace pq {

// UTF-8 without control characters, and without those that turn its direction around: safe to send to a
// terminal, and one line.
bool is_printable(std::string_view text);

// The same, with '?' for each character that is not printable.
std::string printable(std::string_view text);

// Its beginning of at most `bytes_max` bytes, without a UTF-8 character that would be cut in two.
std::string_view beginning(std::string_view text, std::size_t bytes_max);

// Without surrounding blanks and line ends.
std::string_view stripped(std::string_view text);

// "1 span", "7 spans".
std::string count_of(std::uint64_t count, std::string_view what);

// Whether it can name a file and be typed after a flag: 1 to limits::name_bytes_max letters, digits, dots,
// underscores and dashes, the first of them a letter or a digit.
bool is_file_name(std::string_view text);

}  // namespace pq
