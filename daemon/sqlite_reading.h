// What a database of pq holds, as values. A row that pq cannot have written is an SqliteError (damaged).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/rows.h"
#include "daemon/sqlite.h"

namespace pq {

Stored read_all(Database& database);

// One job with its spans, the agents that hold its leases, and all epochs. Nothing if there is no such job.
std::optional<Stored> read_job(Database& database, JobId job);

// Of a file, from `offset` to the end of the part that it is in; empty: there is none.
std::string read_file(Database& database, const Sha256& hash, std::uint64_t offset);

// In the order of their numbers.
std::vector<LogEntry> read_logs(Database& database, const AskLogs& ask, std::size_t count_max);
std::vector<LogEntry> read_last_failed_logs(Database& database, JobId job, std::size_t count_max);

// In the order of the range, those of runs that are not committed included.
std::vector<OutputEntry> read_outputs(Database& database, const AskOutput& ask, std::size_t count_max);

}  // namespace pq
