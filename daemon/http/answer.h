// What each page says, as a value: no socket, no thread. The JSON is what the clients' --json prints.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "daemon/agent_files.h"
#include "daemon/http/event_query.h"
#include "daemon/http/http_answer.h"
#include "daemon/http/snapshots.h"

namespace pq {

// The job that is looked at closely at `path`: a snapshot for it needs that job's detail.
std::optional<JobId> job_looked_at(std::string_view path);

// The page at `path`. `snapshot` may be nullptr: the head had none in time, and no page is shown without one.
HttpAnswer answer_to(std::string_view path, const Snapshot* snapshot, const HttpQuery& query = {});

// The same, rendered once for all who ask for it of one snapshot.
std::shared_ptr<const HttpAnswer> shared_answer_to(std::string_view path,
                                                   const std::shared_ptr<const Snapshot>& snapshot,
                                                   const HttpQuery& query = {});

// Whether `path` asks for an agent to install, for which no snapshot is needed.
bool asks_for_agent(std::string_view path);
HttpAnswer answer_about_agent(std::string_view path, const std::vector<AgentFile>& agents);

// A "no" of this HTTP status: pq.error/1.
HttpAnswer refusal(int status, std::string_view word, std::string_view text);

}  // namespace pq
