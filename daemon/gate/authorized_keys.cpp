#include "daemon/gate/authorized_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/net/keys.h"
#include "common/values/limits.h"
#include "common/values/utc_time.h"

namespace pq::gate {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view expires = "expires=";

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
  if (words.size() != 3 && words.size() != 4)
    return tl::unexpected<std::string>("it is not `role key name`, with perhaps expires= behind it");
  const auto role = parse<Role>(words[0]);
  if (!role) return tl::unexpected<std::string>("its role is not agent, operator or viewer");
  if (!is_key(words[1])) return tl::unexpected<std::string>("its key is not 40 characters of Z85");
  if (!is_key_name(words[2])) {
    return tl::unexpected(
        fmt::format("its name is not of 1 to {} printable ASCII characters", limits::name_bytes_max));
  }
  Principal principal{.role = *role, .public_key = std::string(words[1]), .name = std::string(words[2])};
  if (words.size() == 3) return principal;
  if (words[3].starts_with(expires)) principal.expires_unix_ms = parse_utc(words[3].substr(expires.size()));
  if (!principal.expires_unix_ms)
    return tl::unexpected<std::string>("its last word is not like expires=2026-12-01T10:00:00Z");
  return principal;
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

std::string authorized_keys_line(const Principal& principal) {
  std::string line = fmt::format("{} {} {}", to_text(principal.role), principal.public_key, principal.name);
  if (principal.expires_unix_ms) line += fmt::format(" {}{}", expires, utc_text(*principal.expires_unix_ms));
  return line;
}

std::string without_keys(std::string_view text, const std::vector<Principal>& revoked) {
  std::string kept;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    const auto words = words_of(line);
    const bool goes = words.size() > 1 && words.front().front() != '#' &&
                      std::any_of(revoked.begin(), revoked.end(),
                                  [&](const Principal& one) { return one.public_key == words[1]; });
    if (!goes) kept += line;
  }
  return kept;
}

bool is_key_name(std::string_view text) {
  for (const char character : text) {
    if (character <= ' ' || character > '~') return false;
  }
  return !text.empty() && text.size() <= limits::name_bytes_max;
}

}  // namespace pq::gate
