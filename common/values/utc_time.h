// UTC times as people and other programs write them: "2026-12-01T10:00:00Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/values/instant.h"
#include "common/values/rooms.h"

namespace pq {

// To the second. Every number of milliseconds has a text.
std::string utc_text(UnixMs time);

// Accepts only that form; nullopt also for times that do not exist, such as a 30th of February.
std::optional<UnixMs> parse_utc(std::string_view text);

}  // namespace pq
