// The identity of a file: the SHA-256 of its bytes (FIPS 180-4), by libsodium.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/values/rooms.h"

namespace pq {

struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const Sha256&, const Sha256&) = default;
};

// 64 lower-case hexadecimal digits, as sha256sum prints them.
std::string to_text(const Sha256& hash);
std::optional<Sha256> parse_sha256(std::string_view text);

// Hashes bytes that come in parts.
class Sha256Builder {
 public:
  Sha256Builder();
  void add(std::string_view part);
  // The hash of all parts. Nothing may be added afterwards.
  Sha256 finish();

 private:
  // libsodium's state, kept out of this header; sha256.cpp checks that it fits.
  alignas(16) std::array<std::byte, 128> state_;
};

Sha256 sha256_of(std::string_view bytes);

}  // namespace pq
