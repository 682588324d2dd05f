// The content of a database of pq, as values. A row that pq cannot have written is an SqliteError (damaged).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/rows.h"
#include "daemon/store/sqlite.h"

namespace pq::store {

Stored read_all(Database& database);

// Also reads, for this job, what pq-verify checks: its provenance, and how much is collected.
void look_closely(Database& database, JobId job, Stored& stored);

// One job with its spans, the agents that hold its leases, all epochs, and what pq-verify checks. Nothing if
// there is no such job.
std::optional<Stored> read_job(Database& database, JobId job);

// A file from `offset` to the end of the part that holds it; empty: there is none.
std::string read_file(Database& database, const Sha256& hash, std::uint64_t offset);

// In the order of their numbers.
std::vector<LogEntry> read_logs(Database& database, const AskLogs& ask, std::size_t count_max);
std::vector<LogEntry> read_last_failed_logs(Database& database, JobId job, std::size_t count_max);

// In the order of the range, including runs that are not committed.
std::vector<OutputEntry> read_outputs(Database& database, const AskOutput& ask, std::size_t count_max);

}  // namespace pq::store
