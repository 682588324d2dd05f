// The flag --limit of pqd, as it is typed: NAME:slots=N,jobs=N,bytes=SIZE.
#pragma once

#include <string>
#include <vector>

#include "common/values/rooms.h"
#include "daemon/core/allowances.h"

namespace pq::daemon {

// Each value is one limit or several with blanks between them. `*` stands for each submitter that has none of
// its own. Refuses what is wrong, as in common/cli/command_line.h.
Allowances parse_allowances(const std::vector<std::string>& values);

}  // namespace pq::daemon
