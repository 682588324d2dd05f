// Which events a reader wants, from the query of a URL.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "common/protocol/limits.h"
#include "common/protocol/messages.h"
#include "daemon/core/telling/happening.h"

namespace pq::view {

using HttpQuery = std::multimap<std::string, std::string>;

struct EventQuery {
  std::uint64_t after = 0;  // with a higher number
  std::optional<JobId> job = std::nullopt;
  std::optional<std::string> agent = std::nullopt;
  std::optional<Happening> what = std::nullopt;
  std::size_t limit = limits::events_told;  // the newest so many
};

// The error is a sentence: an unknown parameter, one that is given twice, or an invalid value.
tl::expected<EventQuery, std::string> parse_event_query(const HttpQuery& query);

}  // namespace pq::view
