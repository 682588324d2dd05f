// Counters and other rows that must agree with the spans: a job's counters, the agents that hold its leases,
// the epochs of the heads that granted them. The totals rest on invariants.h instead.
#pragma once

#include <vector>

#include "common/protocol/messages.h"
#include "daemon/core/rows.h"

namespace pq::core {

// counters_fit: each granted lease lives or has ended in one way, and the counts of attempts, recomputed
// integers and times are possible.
Finding counters_fit(const JobRow& job, const SpanRows& spans);

// lease_ids_never_repeat · holders_are_known: over all spans of `stored`, of one job or of many.
std::vector<Finding> examine_leases(const Stored& stored);

}  // namespace pq::core
