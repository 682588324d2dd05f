// What the head is doing, in one line for the supervisor's status: all open jobs, and the agents that it
// hears.
#pragma once

#include <string>

#include "daemon/core/queue.h"

namespace pq::daemon {

// "3 jobs running, 1 waiting, 12 agents, 48 slots busy of 60". One pass over the agents. What is wrong with
// the head itself stands behind it; `trouble` is empty where nothing is.
std::string status_line(const Queue& queue, const std::string& trouble = {});

}  // namespace pq::daemon
