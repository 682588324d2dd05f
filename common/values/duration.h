// Durations as people write them: `500ms`, `30s`, `5m`, `1h`.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/values/instant.h"
#include "common/values/rooms.h"

namespace pq {

// A whole number and one of the units ms, s, m, h, d. The error says what is wrong with `text` and what to
// write, or that it is shorter than `shortest`.
tl::expected<Duration, std::string> parse_duration(std::string_view text, Duration shortest = {});

// Two units at most, rounded for reading: "820ms", "12.4s", "3m 20s", "5h 12m", "3d 4h".
std::string to_text(Duration duration);

}  // namespace pq
