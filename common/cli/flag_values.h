// How the value of a flag is read, the same in every program. What is wrong is refused, as in command_line.h:
// the text names the flag, its value and what to give instead. `flag` is as it is typed: "--timeout".
#pragma once

#include <cstdint>
#include <string>

#include "common/values/instant.h"
#include "common/values/limits.h"

namespace pq::cli {

// `500ms`, `30s`, `5m`, `1h`, `2d`; not below `shortest`.
Duration parse_time(const std::string& flag, const std::string& text, Duration shortest = {});

// `4096`, `2K`, `2KiB`, `2GB`; not below `least`.
std::uint64_t parse_size(const std::string& flag, const std::string& text, std::uint64_t least = 0);

// A whole number, also as 1e6 or 2^20, from `least` to `most`.
std::uint64_t parse_count(const std::string& flag, const std::string& text, std::uint64_t least,
                          std::uint64_t most);

// At most limits::name_bytes_max bytes without control characters. May be empty.
std::string parse_name(const std::string& flag, const std::string& text);

}  // namespace pq::cli
