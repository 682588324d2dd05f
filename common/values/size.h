// Sizes as people write them: `4096`, `2k`, `2K`, `2KiB`, `2GB`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/values/rooms.h"

namespace pq {

// What every --help says of a size.
inline constexpr std::string_view size_units =
    "K, M, G and T (or KiB …) are powers of 1024, KB, MB, GB and TB of 1000";

// A whole number of bytes as parse_integer() reads it, or one with a unit in either case of letters. The
// error says what is wrong with `text` and what to write.
tl::expected<std::uint64_t, std::string> parse_size(std::string_view text);

// Powers of 1024: "512 bytes", "2 GiB", "1.5 MiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace pq
