// Sleeping until a file descriptor is readable.
#pragma once

#include <span>

#include "common/instant.h"

namespace pq {

// Returns as soon as one of `fds` is readable, `patience` is over, or a signal has come.
void wait_readable(Duration patience, std::span<const int> fds);

}  // namespace pq
