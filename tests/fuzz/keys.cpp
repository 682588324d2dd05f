// Keys as text: key files, join tokens and the list of admitted keys. The first byte selects one of them for
// the rest.
#include <algorithm>
#include <string>
#include <utility>

#include "common/net/key_text.h"
#include "common/net/keys.h"
#include "common/values/check.h"
#include "common/values/limits.h"
#include "common/values/text.h"
#include "daemon/gate/authorized_keys.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/script.h"
#include "tests/rooms.h"

namespace pq::fuzz {
namespace {

constexpr std::size_t endpoint_size_max = 512;  // as join_token.cpp has it

bool is_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return '!' <= c && c <= '~'; });
}

void try_key(std::string_view text) {
  const auto bytes = bytes_of_key(text);
  check(bytes.has_value() == is_key(text), "what is a key has bytes");
  if (bytes) check(bytes->size() == key_bytes_size, "a key has 32 bytes");
}

void try_key_file(std::string_view text) {
  const auto read = parse_key_file(text, "a.key");
  if (!read) return check(is_printable(read.error()), "a refusal is a line that people can read");
  check(public_key_of(read->secret_key) == read->public_key, "the keys of a file belong together");
}

void try_token(std::string_view text) {
  const auto read = parse_join_token(text);
  if (!read) return;
  check(is_key(read->head_public_key) && is_key(read->secret_key), "a token holds keys");
  check(to_text(*read) == text, "a token is read back from its text");
}

// No fuzzer guesses a token's sum: tokens are made, and one character of each is changed.
void try_made_token(Script script) {
  const std::size_t at = script.below(256) * 256 + script.below(256);
  const char other = static_cast<char>(script.byte());
  std::string keys(script.text(2 * key_bytes_size));
  keys.resize(2 * key_bytes_size, 'k');
  const std::size_t size_least = script.one_in(4) ? endpoint_size_max - 2 + script.below(5) : 0;
  std::string endpoint(script.rest());
  endpoint.resize(std::max(endpoint.size(), size_least), 'h');
  const bool is_endpoint = !endpoint.empty() && endpoint.size() <= endpoint_size_max && is_word(endpoint);
  const JoinToken made{.head_endpoint = std::move(endpoint),
                       .head_public_key = key_of_bytes(keys.substr(0, key_bytes_size)),
                       .secret_key = key_of_bytes(keys.substr(key_bytes_size))};
  std::string text = to_text(made);
  const auto read = parse_join_token(text);
  check(read.has_value() == is_endpoint, "a token is taken if its endpoint is one");
  if (!read) return;
  check(read->head_endpoint == made.head_endpoint && read->head_public_key == made.head_public_key &&
            read->secret_key == made.secret_key,
        "a token is read back from its text");
  char& changed = text[at % text.size()];
  if (changed == other) return;
  changed = other;
  check(!parse_join_token(text), "a token with a changed character is none");
}

void try_authorized_keys(std::string_view text) {
  const AuthorizedKeys read = parse_authorized_keys(text);
  for (const auto& [key, who] : read.by_key) {
    check(key == who.public_key && is_key(key), "who is let in has a key");
    check(!who.name.empty() && who.name.size() <= limits::name_bytes_max && is_word(who.name),
          "who is let in has one printable word as a name");
    const AuthorizedKeys again = parse_authorized_keys(authorized_keys_line(who));
    check(again.bad_lines.empty() && again.by_key.size() == 1, "a line that is written is understood");
    const Principal& same = again.by_key.at(key);
    check(same.role == who.role && same.name == who.name && same.expires_unix_ms == who.expires_unix_ms,
          "a line is read back as it was written");
    check(without_keys(authorized_keys_line(who), {who}).empty(), "a line is found by its key");
  }
  std::size_t before = 0;
  for (const BadLine& line : read.bad_lines) {
    check(line.number > before && is_printable(line.why), "each bad line is told once, in words");
    before = line.number;
  }
}

}  // namespace

void try_bytes(std::string_view bytes) {
  Script script(bytes);
  switch (script.below(5)) {
    case 0:
      return try_authorized_keys(script.rest());
    case 1:
      return try_made_token(script);
    case 2:
      return try_token(script.rest());
    case 3:
      return try_key_file(script.rest());
    default:
      return try_key(script.rest());
  }
}

}  // namespace pq::fuzz
