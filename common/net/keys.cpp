#include "common/net/keys.h"

#include <fmt/format.h>
#include <zmq.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "common/net/key_text.h"
#include "common/os/files.h"
#include "common/values/check.h"
#include "common/values/errors.h"

namespace pq::net {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_characters = 40;

// The word after `label` and a blank, from the one line of `text` that starts with it.
std::optional<std::string_view> labelled(std::string_view text, std::string_view label) {
  std::optional<std::string_view> found;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    if (!line.starts_with(label) || line.size() == label.size() || line[label.size()] != ' ') continue;
    if (found) return std::nullopt;
    found = trimmed(line.substr(label.size()));
  }
  return found;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::string> bytes_of_key(std::string_view key) {
  // The decoder itself would write as many bytes as the text demands.
  if (key.size() != key_characters || key.find('\0') != key.npos) return std::nullopt;
  std::array<std::uint8_t, key_bytes_size> bytes;
  if (zmq_z85_decode(bytes.data(), std::string(key).c_str()) == nullptr) return std::nullopt;
  return std::string(bytes.begin(), bytes.end());
}

std::string key_of_bytes(std::string_view bytes) {
  std::array<std::uint8_t, key_bytes_size> plain;
  std::array<char, key_characters + 1> text;
  check(bytes.size() == plain.size(), "a_key_has_32_bytes");
  std::memcpy(plain.data(), bytes.data(), plain.size());
  zmq_z85_encode(text.data(), plain.data(), plain.size());
  return text.data();
}

tl::expected<KeyPair, std::string> parse_key_file(std::string_view text, const fs::path& path) {
  const auto public_key = labelled(text, "public");
  const auto secret_key = labelled(text, "secret");
  if (!public_key || !secret_key || !is_key(*public_key) || !is_key(*secret_key)) {
    return tl::unexpected(
        fmt::format("{} is no key file: it must have a line `public KEY` and a line `secret KEY`; make one "
                    "with pq-key new",
                    path.string()));
  }
  KeyPair keys{.public_key = std::string(*public_key), .secret_key = std::string(*secret_key)};
  if (public_key_of(keys.secret_key) != keys.public_key) {
    return tl::unexpected(fmt::format(
        "{} is damaged: its public key does not belong to its secret key; make one with pq-key new",
        path.string()));
  }
  return keys;
}

tl::expected<KeyPair, std::string> try_key_file(const fs::path& path) {
  return read_secret_file(path).and_then([&](const std::string& text) { return parse_key_file(text, path); });
}

KeyPair new_key_pair() {
  std::array<char, key_characters + 1> public_key;
  std::array<char, key_characters + 1> secret_key;
  check(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0, "libzmq_is_built_with_curve");
  return {.public_key = public_key.data(), .secret_key = secret_key.data()};
}

std::optional<std::string> public_key_of(const std::string& secret_key) {
  std::array<char, key_characters + 1> public_key;
  if (!is_key(secret_key) || zmq_curve_public(public_key.data(), secret_key.c_str()) != 0)
    return std::nullopt;
  return public_key.data();
}

bool is_key(std::string_view text) { return bytes_of_key(text).has_value(); }

void write_key_file(const fs::path& path, const KeyPair& keys) {
  const auto written =
      write_new_file(path, fmt::format("public {}\nsecret {}\n", keys.public_key, keys.secret_key));
  if (!written) throw EnvironmentError(written.error());
}

KeyPair read_key_file(const fs::path& path) {
  auto keys = try_key_file(path);
  if (!keys) throw EnvironmentError(keys.error());
  return std::move(*keys);
}

}  // namespace pq::net
