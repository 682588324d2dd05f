// The invariants by name, as checks of values: of one job's stored rows (pq-verify), and of the queue in
// memory (tests, after every event).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/protocol/messages.h"
#include "daemon/core/queue.h"
#include "daemon/core/rows.h"

namespace pq::core {

// tiling · one_holder · parts_have_values · state_fits · neighbours_are_joined: checks that need only a job's
// rows.
std::vector<Finding> examine(const JobRow& job, const SpanRows& spans);

// The same and value_is_fold: the parts fold to the value that the head reports to clients.
std::vector<Finding> examine(const JobRow& job, const SpanRows& spans, const std::optional<Value>& claimed);

// value_is_fold without a head that reports a value: the parts of a done job fold to a value.
Finding value_exists(const JobRow& job, const SpanRows& spans);

// The first invariant that the queue breaks, as a sentence; nullopt: none.
std::optional<std::string> broken_invariant(const Queue& queue);

}  // namespace pq::core
