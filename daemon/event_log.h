// Writes the core's events as log lines: the one place where the head logs jobs and agents.
#pragma once

#include "daemon/core/effects.h"

namespace pq::daemon {

void log(const Event& event);

}  // namespace pq::daemon
