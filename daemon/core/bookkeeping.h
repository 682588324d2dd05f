// What is kept beside the spans and must agree with them: a job's counters, the agents that hold its leases,
// the epochs of the heads that granted them. invariants.h has what the totals rest on.
#pragma once

#include <vector>

#include "common/messages.h"
#include "daemon/core/rows.h"

namespace pq {

// counters_fit: every lease that was granted lives or has ended in one way, and what is counted of attempts,
// recomputed integers and times could have come about so.
Finding counters_fit(const JobRow& job, const SpanRows& spans);

// lease_ids_never_repeat · holders_are_known: over all spans of `stored`, of one job or of many.
std::vector<Finding> examine_leases(const Stored& stored);

}  // namespace pq
