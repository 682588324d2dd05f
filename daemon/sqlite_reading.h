// What a database of pq holds, as values. A row that pq cannot have written is an SqliteError (damaged).
#pragma once

#include <optional>

#include "daemon/core/rows.h"
#include "daemon/sqlite.h"

namespace pq {

Stored read_all(Database& database);

// One job with its spans, the agents that hold its leases, and all epochs. Nothing if there is no such job.
std::optional<Stored> read_job(Database& database, JobId job);

}  // namespace pq
