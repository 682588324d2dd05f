// Random bits from the operating system.
#pragma once

#include <cstdint>

#include "common/values/ids.h"

namespace pq::os {

std::uint64_t random_bits();
RequestId random_request_id();

// Seeds the C library's rand(), which libzmq uses unseeded: for ROUTER ids (a guessed one aborts the head)
// and for reconnect jitter (a whole fleet would retry in step). Call before the first socket is created.
void seed_c_library();

}  // namespace pq::os
