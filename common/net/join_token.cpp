// A join token is "pq1_" and, in hexadecimal: the head's public key (32 bytes), the secret key (32), the
// head's endpoint, and a checksum of all these (4).
#include <fmt/format.h>

#include <cstdint>

#include "common/net/key_text.h"
#include "common/net/keys.h"
#include "common/values/check.h"

namespace pq::net {
namespace {

constexpr std::string_view token_prefix = "pq1_";
constexpr std::size_t sum_size = 4;
constexpr std::size_t endpoint_size_max = 512;

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::optional<unsigned> hex_digit(char character) {
  if (character >= '0' && character <= '9') return static_cast<unsigned>(character - '0');
  if (character >= 'a' && character <= 'f') return static_cast<unsigned>(character - 'a') + 10;
  return std::nullopt;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high << 4U | *low);
  }
  return bytes;
}

// FNV-1a, 32 bits. It detects no forgery, but a token that lost or changed a character. Without it, a
// truncated endpoint would still be valid, with another port.
std::string sum_of(std::string_view bytes) {
  std::uint32_t hash = 2166136261U;
  for (const char character : bytes) hash = (hash ^ static_cast<unsigned char>(character)) * 16777619U;
  std::string sum;
  for (unsigned shift = 0; shift < 32; shift += 8) sum += static_cast<char>(hash >> shift & 255U);
  return sum;
}

bool is_visible_ascii(std::string_view text) {
  for (const char character : text) {
    if (character <= ' ' || character > '~') return false;
  }
  return !text.empty();
}

}  // namespace

std::string to_text(const JoinToken& token) {
  const auto head = bytes_of_key(token.head_public_key);
  const auto secret = bytes_of_key(token.secret_key);
  check(head && secret, "a_join_token_holds_keys");
  const std::string content = *head + *secret + token.head_endpoint;
  return fmt::format("{}{}", token_prefix, to_hex(content + sum_of(content)));
}

std::optional<JoinToken> parse_join_token(std::string_view text) {
  constexpr std::size_t bytes_min = 2 * key_bytes_size + sum_size;
  constexpr std::size_t size_max = token_prefix.size() + 2 * (bytes_min + endpoint_size_max);
  if (!text.starts_with(token_prefix) || text.size() > size_max) return std::nullopt;
  const auto bytes = from_hex(text.substr(token_prefix.size()));
  if (!bytes || bytes->size() <= bytes_min) return std::nullopt;
  const std::string_view content = std::string_view(*bytes).substr(0, bytes->size() - sum_size);
  const std::string_view endpoint = content.substr(2 * key_bytes_size);
  if (bytes->substr(content.size()) != sum_of(content) || !is_visible_ascii(endpoint)) return std::nullopt;
  return JoinToken{.head_endpoint = std::string(endpoint),
                   .head_public_key = key_of_bytes(content.substr(0, key_bytes_size)),
                   .secret_key = key_of_bytes(content.substr(key_bytes_size, key_bytes_size))};
}

}  // namespace pq::net
