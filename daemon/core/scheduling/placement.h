// Why a job waits even if slots are idle: what it demands, and what the agents have.
#pragma once

#include <optional>
#include <string>

#include "common/values/job.h"
#include "daemon/core/roster.h"

namespace pq::core {

struct Unplaced {
  std::string what;    // which of its demands no agent meets: "no agent may run programs"
  std::string advice;  // what to do: "start pq-agent with --allow-exec"
};

// "no agent may run programs: start pq-agent with --allow-exec"
std::string in_words(const Unplaced& why);

// Nothing where some agent that takes work meets all demands.
std::optional<Unplaced> why_unplaced(const Roster& roster, const Demand& demand);

}  // namespace pq::core
