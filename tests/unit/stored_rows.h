// The content of a store, for tests of stores: rows to begin with, the model that a store must agree with,
// and rows as text. Texts make two stores comparable, and a difference readable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/queue.h"
#include "daemon/core/rows.h"
#include "tests/rooms.h"

namespace pq::tests {

JobRow job_row(std::uint64_t id);
AgentRow agent_row(std::uint64_t id, std::vector<Label> labels);

// `model` after these changes.
void apply(const Changes& changes, Stored& model);

// What must be stored for this queue.
Stored remembered(const Queue& queue);

// One job of it, as Store::read_job answers.
std::optional<Stored> job_of(const Stored& stored, JobId job);

std::string text_of(const JobRow& job);
std::string text_of(const SpanKey& key, const Span& span);
std::string text_of(const AgentRow& agent);
std::string text_of(const Stored& stored);

}  // namespace pq::tests
