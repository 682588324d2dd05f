// Calls pqd from a command, because only the head's own program reads databases.
#pragma once

#include <string>
#include <vector>

#include "client/failure.h"

namespace pq::client {

// Executes the pqd beside this program, in ../sbin from there, or in $PATH. It returns only if there is none.
Failure become_head_program(const std::vector<std::string>& words);

}  // namespace pq::client
