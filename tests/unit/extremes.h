// The ends of what integers and values can hold, for tests.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "common/values/value.h"
#include "tests/rooms.h"

namespace pq::tests {

inline constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::uint32_t u32_max = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::int64_t i64_max = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t i64_min = std::numeric_limits<std::int64_t>::min();
inline constexpr Int128 int128_min = Int128{1} << 126 << 1;  // the sign bit alone
inline constexpr Int128 int128_max = ~int128_min;

// All its bits are set.
inline Value sum_widest() { return *read_sum("\xC0" + std::string(ExactSum::bytes_max - 1, '\xFF')); }

}  // namespace pq::tests
