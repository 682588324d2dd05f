#include "daemon/authorized_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/net/keys.h"

namespace pq {
namespace {

constexpr std::string_view blanks = " \t\r";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (auto begin = line.find_first_not_of(blanks); begin != line.npos;
       begin = line.find_first_not_of(blanks)) {
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

tl::expected<Principal, std::string> parse_line(const std::vector<std::string_view>& words) {
  if (words.size() != 3) return tl::unexpected<std::string>("it is not `role key name`");
  const auto role = parse_role(words[0]);
  if (!role) return tl::unexpected<std::string>("its role is not agent, operator or viewer");
  if (!is_key(words[1])) return tl::unexpected<std::string>("its key is not 40 characters of Z85");
  if (!is_key_name(words[2])) {
    return tl::unexpected(
        fmt::format("its name is not of 1 to {} printable ASCII characters", limits::name_bytes_max));
  }
  return Principal{.role = *role, .public_key = std::string(words[1]), .name = std::string(words[2])};
}

}  // namespace

AuthorizedKeys parse_authorized_keys(std::string_view text) {
  AuthorizedKeys keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty() || words.front().front() == '#') continue;
    auto principal = parse_line(words);
    if (!principal) {
      keys.bad_lines.push_back({.number = number, .why = std::move(principal.error())});
    } else if (!keys.by_key.try_emplace(principal->public_key, *principal).second) {
      keys.bad_lines.push_back({.number = number, .why = "an earlier line has its key already"});
    }
  }
  return keys;
}

std::string authorized_keys_line(Role role, std::string_view public_key, std::string_view name) {
  return fmt::format("{} {} {}", to_text(role), public_key, name);
}

bool is_key_name(std::string_view text) {
  for (const char character : text) {
    if (character <= ' ' || character > '~') return false;
  }
  return !text.empty() && text.size() <= limits::name_bytes_max;
}

}  // namespace pq
