// SQLite's memory, which can run out at any allocation.
#pragma once

#include <cstdint>

#include "tests/rooms.h"

namespace pq::storage {

// Once, before SQLite is used.
void make_memory_scarce();

// While it lives, the nth allocation from now fails; every later one too, if it lasts.
class MemoryFault {
 public:
  MemoryFault(std::uint64_t at, bool lasts);
  ~MemoryFault();
  MemoryFault(const MemoryFault&) = delete;
  MemoryFault& operator=(const MemoryFault&) = delete;

  bool has_come() const;
};

}  // namespace pq::storage
