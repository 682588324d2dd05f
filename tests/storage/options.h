// The command line of pq-storage-tests; its defaults make a short run.
#pragma once

#include <cstdint>

#include "tests/rooms.h"

namespace pq::storage {

struct Options {
  std::uint64_t cuts = 20'000;
  std::uint64_t seed = 1;  // of the first disk; the next ones follow
  bool every_allocation = false;
};

// Set by main before any test runs.
extern Options options;

}  // namespace pq::storage
