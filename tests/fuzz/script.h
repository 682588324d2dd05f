// A fuzzer's bytes as choices, read from the front. After the last byte every choice is the first one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/rooms.h"

namespace pq::fuzz {

class Script {
 public:
  explicit Script(std::string_view bytes) : left_(bytes) {}

  bool is_over() const { return left_.empty(); }

  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return first;
  }

  // REQUIRES: 0 < bound <= 256.
  std::size_t below(std::size_t bound) { return byte() % bound; }

  bool one_in(std::size_t bound) { return below(bound) == bound - 1; }

  template <class T, std::size_t count>
  const T& one_of(const std::array<T, count>& choices) {
    return choices[below(count)];
  }

  // Mostly a small one, a power of two or one near the top: where mistakes are made.
  std::uint64_t number() {
    const std::uint64_t kind = byte();
    if (kind < 128) return kind;
    if (kind < 192) return std::uint64_t{1} << (kind - 128);
    if (kind < 240) return ~(kind - 192);
    std::uint64_t any = 0;
    for (int i = 0; i < 8; ++i) any = any << 8U | byte();
    return any;
  }

  // The next `size` bytes, or as many as are left.
  std::string_view text(std::size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest() { return text(left_.size()); }

 private:
  std::string_view left_;
};

}  // namespace pq::fuzz
