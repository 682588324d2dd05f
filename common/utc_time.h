// Points of civil time as people and other programs write them: "2026-12-01T10:00:00Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/instant.h"

namespace pq {

// To the second. Any number of milliseconds has a text.
std::string utc_text(UnixMs time);

// Only of that very form; nullopt also for what is no point in time, such as a 30th of February.
std::optional<UnixMs> parse_utc(std::string_view text);

}  // namespace pq
