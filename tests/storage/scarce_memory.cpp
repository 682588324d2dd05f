#include "tests/storage/scarce_memory.h"

#include <sqlite3.h>

#include "common/values/check.h"
#include "tests/rooms.h"

namespace pq::storage {
namespace {

// SQLite's interface knows functions without an object, so what they need is the program's.
sqlite3_mem_methods usual;
std::uint64_t left = 0;  // up to the one that fails; 0: none does, or it has
bool lasts_on = false;
bool came = false;

bool fails_now() {
  if (came) return lasts_on;
  if (left == 0 || --left > 0) return false;
  came = true;
  return true;
}

void* allocate(int size) { return fails_now() ? nullptr : usual.xMalloc(size); }
void* reallocate(void* memory, int size) { return fails_now() ? nullptr : usual.xRealloc(memory, size); }

}  // namespace

void make_memory_scarce() {
  // NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): SQLite's interface
  check(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual) == SQLITE_OK, "SQLite tells how it allocates");
  sqlite3_mem_methods scarce = usual;
  scarce.xMalloc = &allocate;
  scarce.xRealloc = &reallocate;
  check(sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce) == SQLITE_OK, "SQLite has not allocated anything yet");
  // NOLINTEND(cppcoreguidelines-pro-type-vararg)
}

MemoryFault::MemoryFault(std::uint64_t at, bool lasts) {
  left = at;
  lasts_on = lasts;
  came = false;
}

MemoryFault::~MemoryFault() {
  left = 0;
  lasts_on = came = false;
}

bool MemoryFault::has_come() const { return came; }

}  // namespace pq::storage
