// The JSON of what only HTTP shows. As in common/json.h, fields are added and never changed, and integers
// that can pass 2^53 are decimal strings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/json.h"
#include "common/messages.h"
#include "daemon/core/ledger_picture.h"
#include "daemon/core/throughput.h"

namespace pq {

Json to_json(const LedgerPicture& ledger);  // pq.ledger/1

// pq.history/1, of one job or of the whole fleet.
Json history_json(std::optional<JobId> job, const std::vector<Sample>& samples);

// pq.logs/1: what the runs of a job that failed have printed, the latest last. `more`: there was more before.
Json failed_logs_json(JobId job, const std::vector<LogEntry>& entries, bool more);

// pq.gone/1: what is no longer in the lists of jobs and of agents.
Json gone_json(const std::vector<JobId>& jobs, const std::vector<std::string>& agents);

Json tick_json(UnixMs now);  // pq.tick/1

}  // namespace pq
