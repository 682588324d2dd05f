// The text of authorized_keys: one `role key name` per line, with `expires=2026-12-01T10:00:00Z` after it if
// the key expires. It fails closed: a line that cannot be parsed admits nobody.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/protocol/messages.h"
#include "daemon/gate/transport.h"

namespace pq::gate {

struct BadLine {
  std::size_t number = 0;  // from 1, as editors count
  std::string why;
};

struct AuthorizedKeys {
  std::unordered_map<std::string, Principal> by_key;
  std::vector<BadLine> bad_lines;  // they admit nobody
};

// Total. Empty lines and lines that start with # are skipped. If two lines have one key, the first one holds.
AuthorizedKeys parse_authorized_keys(std::string_view text);

std::string authorized_keys_line(const Principal& principal);

// The text without the lines of these keys; everything else stays as it is.
std::string without_keys(std::string_view text, const std::vector<Principal>& revoked);

// One short printable word, because it stands in a line of words and on terminals.
bool is_key_name(std::string_view text);

}  // namespace pq::gate
