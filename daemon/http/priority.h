// Which thread goes first where there are fewer processors than work.
#pragma once

#include "common/values/rooms.h"

namespace pq::http {

// This thread gives way to those that have not called this: it gets about a third of the time that each of
// them gets. Without effect where the system does not let it.
void give_way();

}  // namespace pq::http
