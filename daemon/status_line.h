// What the head does, in a line for whoever asks the supervisor: of all open jobs and of the agents that
// it hears.
#pragma once

#include <string>

#include "daemon/core/queue.h"

namespace pq {

// "3 jobs running, 1 waiting, 12 agents, 48 slots busy of 60". One pass over the agents.
std::string status_line(const Queue& queue);

}  // namespace pq
