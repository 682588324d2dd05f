// The outermost layer of a daemon's main: an exception becomes one line on stderr and an exit status.
#pragma once

#include <functional>

#include "common/values/errors.h"

namespace pq::cli {

// Runs `body`. A usage error points to `program`'s --help.
ExitStatus run_program(const char* program, const std::function<ExitStatus()>& body);

}  // namespace pq::cli
