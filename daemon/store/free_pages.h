// The pages of the database, and how those that are free go back to the disk: a few a turn, from the file's
// end.
#pragma once

#include <cstdint>

#include "daemon/store/sqlite.h"

namespace pq::store {

struct PageCounts {
  std::uint64_t all = 0;
  std::uint64_t unused = 0;
  std::uint64_t bytes_each = 0;
};

PageCounts count_pages(Database& database);

// A new database can give pages back. One that was made by pq 0.1.0 cannot, and only uses them again.
inline constexpr const char* settings_of_new_database = "PRAGMA auto_vacuum = INCREMENTAL;";
bool can_give_back_pages(Database& database);

// More is free than what comes will need soon.
bool has_slack(const PageCounts& pages);

// In a transaction of its own, at most limits::pages_given_back_per_turn.
void give_back_pages(Database& database);

}  // namespace pq::store
