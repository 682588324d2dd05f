// One fuzz target is one function over bytes. It returns, whatever the bytes are. A promise that does not
// hold ends the process, as a broken invariant of pq does (common/values/check.h).
#pragma once

#include <string_view>

#include "tests/rooms.h"

namespace pq::fuzz {

void try_bytes(std::string_view bytes);

}  // namespace pq::fuzz
