// What a store holds, for tests of stores: rows to begin with, the model that a store must agree with, and
// rows as text, so that two stores can be compared and a difference read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/queue.h"
#include "daemon/core/rows.h"

namespace pq {

JobRow job_row(std::uint64_t id);
AgentRow agent_row(std::uint64_t id, std::vector<Label> labels);

// What `model` is after these changes.
void apply(const Changes& changes, Stored& model);

// What must be stored of what the queue knows.
Stored remembered(const Queue& queue);

// One job of it, as Store::read_job answers.
std::optional<Stored> job_of(const Stored& stored, JobId job);

std::string text_of(const JobRow& job);
std::string text_of(const SpanKey& key, const Span& span);
std::string text_of(const AgentRow& agent);
std::string text_of(const Stored& stored);

}  // namespace pq
