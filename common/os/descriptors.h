// How many files and connections this process may have open at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/values/rooms.h"

namespace pq::os {

// Raises the limit as far as the system allows. The usual limit of 1024 is for programs that use select(2),
// and each agent and client is a connection.
void raise_descriptor_limit();

struct DescriptorUse {
  std::uint64_t open = 0;
  std::uint64_t max = 0;  // that may be open
};

// Nothing: a sandbox hides it. Costs some 300 ns for each that is open, on Linux before 6.2.
std::optional<DescriptorUse> descriptors_in_use();

// Whether it can open so many more now.
bool can_open(std::size_t count);

}  // namespace pq::os
