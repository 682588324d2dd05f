// Why a job waits although slots may be idle: what it demands, and what the agents have.
#pragma once

#include <optional>
#include <string>

#include "common/job.h"
#include "daemon/core/roster.h"

namespace pq {

// Which of its demands no agent meets, and what to do; nothing where some agent that takes work meets all.
std::optional<std::string> why_unplaced(const Roster& roster, const Demand& demand);

}  // namespace pq
