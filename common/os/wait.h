// Sleeping until a file descriptor is readable.
#pragma once

#include <span>

#include "common/values/instant.h"

namespace pq::os {

// Returns as soon as one of `fds` is readable, `patience` is over, or a signal has arrived.
void wait_readable(Duration patience, std::span<const int> fds);

}  // namespace pq::os
