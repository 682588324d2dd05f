// The content of each page, as a value: no socket, no thread. The JSON is the same as the clients' --json.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/values/ids.h"
#include "daemon/view/event_query.h"
#include "daemon/view/http_answer.h"
#include "daemon/view/snapshots.h"

namespace pq::view {

// The job that `path` shows in detail; its snapshot must hold that job's detail.
std::optional<JobId> job_looked_at(std::string_view path);

// The page at `path`. `snapshot` is nullptr if the head made none in time; then no page is shown.
HttpAnswer answer_to(std::string_view path, const Snapshot* snapshot, const HttpQuery& query = {});

// The same, rendered once per snapshot for all readers.
std::shared_ptr<const HttpAnswer> shared_answer_to(std::string_view path,
                                                   const std::shared_ptr<const Snapshot>& snapshot,
                                                   const HttpQuery& query = {});

// Whether `path` is an agent program to download, which needs no snapshot.
bool asks_for_agent(std::string_view path);
HttpAnswer answer_about_agent(std::string_view path, const std::vector<AgentFile>& agents);

// A refusal with this HTTP status: pq.error/1.
HttpAnswer refusal(int status, std::string_view word, std::string_view text);

}  // namespace pq::view
