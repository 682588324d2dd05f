// Signed integers of 128 bits.
#pragma once

#include "common/values/rooms.h"

namespace pq {

__extension__ typedef __int128 Int128;            // a GNU extension: ISO C++ has no name for it
__extension__ typedef unsigned __int128 UInt128;  // the magnitude of one

}  // namespace pq
