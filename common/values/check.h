// Invariants. They stay on in every build: a head with a broken ledger must stop, not answer.
#pragma once

#include <string_view>

#include "common/values/rooms.h"

namespace pq {

// Ends the process with `invariant`'s name if `holds` is false. The reported place is the caller's.
void check(bool holds, std::string_view invariant, const char* file = __builtin_FILE(),
           int line = __builtin_LINE());

}  // namespace pq
