#include "common/values/sha256.h"

#include <sodium/crypto_hash_sha256.h>

#include <new>

namespace pq {
namespace {

using State = crypto_hash_sha256_state;
static_assert(sizeof(State) <= 128);
static_assert(alignof(State) <= 16);
static_assert(crypto_hash_sha256_BYTES == sizeof(Sha256::bytes));

constexpr std::string_view digits = "0123456789abcdef";

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

State* state_in(std::array<std::byte, 128>& room) {
  return std::launder(reinterpret_cast<State*>(room.data()));
}

}  // namespace

std::string to_text(const Sha256& hash) {
  std::string text;
  text.reserve(2 * hash.bytes.size());
  for (const std::uint8_t byte : hash.bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::optional<Sha256> parse_sha256(std::string_view text) {
  Sha256 hash;
  if (text.size() != 2 * hash.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = digits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    std::uint8_t& byte = hash.bytes[i / 2];
    byte = static_cast<std::uint8_t>(std::size_t{byte} << 4U | digit);
  }
  return hash;
}

Sha256Builder::Sha256Builder() : state_{} {
  auto* state = new (state_.data()) State;
  crypto_hash_sha256_init(state);
}

void Sha256Builder::add(std::string_view part) {
  crypto_hash_sha256_update(state_in(state_), unsigned_bytes(part), part.size());
}

Sha256 Sha256Builder::finish() {
  Sha256 hash;
  crypto_hash_sha256_final(state_in(state_), hash.bytes.data());
  return hash;
}

Sha256 sha256_of(std::string_view bytes) {
  Sha256Builder builder;
  builder.add(bytes);
  return builder.finish();
}

}  // namespace pq
