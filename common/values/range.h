// Half-open ranges of unsigned 64-bit integers, and the ways in which people write numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/values/rooms.h"

namespace pq {

// [begin, end), as Python's range(begin, end). The integer 2^64-1 can end a range but not be in one.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t width() const { return end - begin; }
  bool is_empty() const { return begin >= end; }
  bool contains(std::uint64_t n) const { return begin <= n && n < end; }
  friend auto operator<=>(const Range&, const Range&) = default;
};

// An exact integer in [0, 2^64-1]: `10000000`, `10_000_000`, `1e7`, `1.5e7`, `2^40`, and sums and differences
// of these (`2^64-1`). Anything that is not exactly an integer is refused; the error says why and quotes the
// text.
tl::expected<std::uint64_t, std::string> parse_integer(std::string_view text);

// `A:B` or `A:+WIDTH`, not empty and not reversed.
tl::expected<Range, std::string> parse_range(std::string_view text);

// "10000000:60000000"
std::string to_text(const Range& range);

// Digits in groups of three: "50 000 000".
std::string grouped(std::uint64_t n);

}  // namespace pq
