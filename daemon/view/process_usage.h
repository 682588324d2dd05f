// What this process uses of its machine.
#pragma once

#include <cstdint>
#include <optional>

#include "common/values/rooms.h"

namespace pq::view {

// A figure that the system does not show is absent: a sandbox may hide it.
struct ProcessUsage {
  std::optional<double> cpu_s;                  // of all its threads, since it began
  std::optional<std::uint64_t> resident_bytes;  // of its memory
  std::optional<std::uint64_t> threads;
  std::optional<std::uint64_t> descriptors;      // open
  std::optional<std::uint64_t> descriptors_max;  // that may be open
};

ProcessUsage usage_of_this_process();

}  // namespace pq::view
