#include "daemon/store/free_pages.h"

#include <algorithm>
#include <string>

#include "daemon/store/limits.h"

namespace pq::store {
namespace {

std::uint64_t count(Database& database, const char* sql) {
  return static_cast<std::uint64_t>(database.integer(sql));
}

}  // namespace

PageCounts count_pages(Database& database) {
  return {.all = count(database, "PRAGMA page_count"),
          .unused = count(database, "PRAGMA freelist_count"),
          .bytes_each = count(database, "PRAGMA page_size")};
}

bool can_give_back_pages(Database& database) {
  constexpr std::int64_t incremental = 2;
  return database.integer("PRAGMA auto_vacuum") == incremental;
}

bool has_slack(const PageCounts& pages) {
  const std::uint64_t used = pages.all - pages.unused;
  const std::uint64_t kept =
      std::max(limits::unused_bytes_kept / pages.bytes_each, used / limits::unused_parts_kept);
  return pages.unused > kept;
}

void give_back_pages(Database& database) {
  const std::string sql =
      "PRAGMA incremental_vacuum(" + std::to_string(limits::pages_given_back_per_turn) + ")";
  database.execute(sql.c_str());
}

}  // namespace pq::store
