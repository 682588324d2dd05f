// Texts from elsewhere that people will read: they must not steer a terminal or break a log line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pq {

// UTF-8 without control characters: safe to send to a terminal, and one line.
bool is_printable(std::string_view text);

// The same with '?' for whatever is not.
std::string printable(std::string_view text);

// Without blanks and line ends around it.
std::string_view stripped(std::string_view text);

// "1 span", "7 spans".
std::string count_of(std::uint64_t count, std::string_view what);

// Whether it can name a file and be typed after a flag without a thought: 1 to limits::name_bytes_max
// letters, digits, dots, underscores and dashes, the first of them a letter or a digit.
bool is_file_name(std::string_view text);

}  // namespace pq
