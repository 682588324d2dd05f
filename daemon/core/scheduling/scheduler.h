// Who should compute what, and which leases should end early. These functions read the core, change nothing,
// and return decisions.
#pragma once

#include "daemon/core/core.h"
#include "daemon/core/scheduling/decision.h"

namespace pq::core {

// ---- work for idle slots
// The next lease for an idle slot of this agent. If slots must be kept for a job whose step needs more than
// are idle, those decisions come first. Empty: there is nothing to do for the agent. Ask again after carrying
// the decisions out. `slots_are_kept`: the agent gets nothing, because its slots are kept.
struct SlotPlan {
  Decisions decisions;
  bool slots_are_kept = false;
};
SlotPlan plan_slot(const Core& core, AgentId agent, Now now);

// A lease on an express place for this job; empty: there is no room for it.
Decisions plan_express(const Core& core, const Job& job, Now now);

// ---- running leases, while slots are idle though nothing is free for them
// Takes back as many leases of silent agents as idle slots could compute. The others may still come back with
// their holders.
Decisions plan_take_back(const Core& core);
// Asks the holders of the longest leases to end where holder and idle slot would end together.
Decisions plan_splits(const Core& core, Now now);
// If there is nothing else to do, another agent computes a stuck step too. Nobody can tell whether the step
// hangs or is only long. So both go on, and the first complete result counts.
Decisions plan_copies(const Core& core);

// ---- running leases, while other jobs wait
// Asks leases of jobs with more than their share to end with their present step. Nothing is taken away: the
// holder finishes and commits its step, and the first in line gets the slot. `line` is the core's own; each
// request is tried out on it, and it is restored before this returns.
Decisions plan_takeovers(const Core& core, Shares& line, Now now);

}  // namespace pq::core
