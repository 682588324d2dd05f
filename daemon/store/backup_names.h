// How backups are called whose name nobody has chosen, and which of them go when only some shall be kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/instant.h"

namespace pq::store {

// "2026-01-31T12-30-05.123Z": sorts by time, and needs no quotes.
std::string dated_name(UnixMs time);

bool is_dated(std::string_view name);

// Of `names` those that are dated and are not among the newest `keep` of these, oldest first. Others have
// been named by somebody, who may want them.
std::vector<std::string> too_many(const std::vector<std::string>& names, std::size_t keep);

}  // namespace pq::store
