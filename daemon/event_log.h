// What core has decided, as log lines: the one place where the head writes of jobs and agents.
#pragma once

#include "daemon/core/effects.h"

namespace pq {

void log(const Event& event);

}  // namespace pq
