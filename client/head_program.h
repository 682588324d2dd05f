// pqd as a program that a command calls: only the head's own program reads databases.
#pragma once

#include <string>
#include <vector>

#include "client/failure.h"

namespace pq {

// Becomes the pqd beside this program, in ../sbin from there, or in $PATH; so it only returns if there is
// none.
Failure become_head_program(const std::vector<std::string>& words);

}  // namespace pq
