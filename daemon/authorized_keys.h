// The text of authorized_keys: one `role key name` a line, with `expires=2026-12-01T10:00:00Z` behind it
// where the key does not last for ever. It fails closed: a line that is not understood admits nobody.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/messages.h"
#include "daemon/transport.h"

namespace pq {

struct BadLine {
  std::size_t number = 0;  // from 1, as editors count
  std::string why;
};

struct AuthorizedKeys {
  std::unordered_map<std::string, Principal> by_key;
  std::vector<BadLine> bad_lines;  // they admit nobody
};

// Total. Empty lines and lines that start with # say nothing; of two lines for one key the first one holds.
AuthorizedKeys parse_authorized_keys(std::string_view text);

std::string authorized_keys_line(const Principal& principal);

// The text without the lines of these keys; whatever else it holds stays as it is.
std::string without_keys(std::string_view text, const std::vector<Principal>& revoked);

// One printable word, not too long: it stands in a line of words and in people's terminals.
bool is_key_name(std::string_view text);

}  // namespace pq
