// What the scheduler decides: who computes what, and who is asked to end. These are values; Queue::carry_out
// carries them out.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/values/ids.h"
#include "common/values/range.h"

namespace pq::core {

// This agent gets `range`, the front of a free span of the job, under a new lease.
struct Grant {
  JobId job;
  AgentId agent;
  Range range;
  std::optional<double> express_s = std::nullopt;  // on an express place: what it is expected to take there
  friend bool operator==(const Grant&, const Grant&) = default;
};

// This agent keeps its slots for the job as they become idle, until there are enough for one of its steps.
struct Gather {
  JobId job;
  AgentId agent;
  friend bool operator==(const Gather&, const Gather&) = default;
};

// The holder is asked to end there, so that an idle slot can take the rest.
struct AskEnd {
  LeaseId lease;
  std::uint64_t end = 0;
  friend bool operator==(const AskEnd&, const AskEnd&) = default;
};

// The holder is asked to end with its present step: another job's turn has come, or its own is paused.
struct AskLeave {
  LeaseId lease;
  friend bool operator==(const AskLeave&, const AskLeave&) = default;
};

// A silent holder loses the lease, because slots are idle.
struct TakeBack {
  LeaseId lease;
  friend bool operator==(const TakeBack&, const TakeBack&) = default;
};

// This agent also computes the rest of a lease whose holder is stuck.
struct MakeCopy {
  LeaseId original;
  AgentId agent;
  friend bool operator==(const MakeCopy&, const MakeCopy&) = default;
};

using Decision = std::variant<Grant, Gather, AskEnd, AskLeave, TakeBack, MakeCopy>;
using Decisions = std::vector<Decision>;

}  // namespace pq::core
