// Which events somebody wants to see, as the query of a URL says it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "common/limits.h"
#include "common/messages.h"
#include "daemon/core/happening.h"

namespace pq {

using HttpQuery = std::multimap<std::string, std::string>;

struct EventQuery {
  std::uint64_t after = 0;  // with a higher number
  std::optional<JobId> job = std::nullopt;
  std::optional<std::string> agent = std::nullopt;
  std::optional<Happening> what = std::nullopt;
  std::size_t limit = limits::events_told;  // the newest so many
};

// The error is a sentence: a parameter that there is not, one that is given twice, or one that makes no
// sense.
tl::expected<EventQuery, std::string> parse_event_query(const HttpQuery& query);

}  // namespace pq
