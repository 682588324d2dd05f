// The ends of what integers and values can hold, for tests.
#pragma once

#include <cstdint>
#include <limits>

#include "common/value.h"

namespace pq {

inline constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::uint32_t u32_max = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::int64_t i64_max = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t i64_min = std::numeric_limits<std::int64_t>::min();
inline constexpr Int128 int128_min = Int128{1} << 126 << 1;  // the sign bit alone
inline constexpr Int128 int128_max = ~int128_min;

}  // namespace pq
