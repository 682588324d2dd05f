// One fuzz target is one function over bytes. Whatever they are, it returns; a promise that does not hold
// ends the process, as a broken invariant of pq does (common/check.h).
#pragma once

#include <string_view>

namespace pq::fuzz {

void try_bytes(std::string_view bytes);

}  // namespace pq::fuzz
