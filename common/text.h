// Texts from elsewhere that people will read: they must not steer a terminal or break a log line.
#pragma once

#include <string>
#include <string_view>

namespace pq {

// UTF-8 without control characters: safe to send to a terminal, and one line.
bool is_printable(std::string_view text);

// The same with '?' for whatever is not.
std::string printable(std::string_view text);

}  // namespace pq
