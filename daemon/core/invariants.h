// The promises by name, as checks of values: of one job's rows as they are stored (pq-verify), and of the
// queue in memory (tests, after every event).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/messages.h"
#include "daemon/core/queue.h"
#include "daemon/core/rows.h"

namespace pq {

// tiling · one_holder · parts_have_values · state_fits · neighbours_are_joined: what a job's rows tell by
// themselves.
std::vector<Finding> examine(const JobRow& job, const SpanRows& spans);

// The same and value_is_fold: the parts fold to the value that the head tells its clients.
std::vector<Finding> examine(const JobRow& job, const SpanRows& spans, const std::optional<Value>& claimed);

// value_is_fold where there is no head to tell one: the parts fold to a value, if the job is done.
Finding value_exists(const JobRow& job, const SpanRows& spans);

// The first promise that the queue breaks, as a sentence; nullopt: none.
std::optional<std::string> broken_invariant(const Queue& queue);

}  // namespace pq
