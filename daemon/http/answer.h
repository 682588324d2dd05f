// What each page says, as a value: no socket, no thread. The JSON is what the clients' --json prints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/agent_files.h"
#include "daemon/http/snapshots.h"

namespace pq {

struct HttpAnswer {
  int status = 200;
  std::string body;
  const char* type = "application/json";
  const AgentFile* file = nullptr;  // what is sent in place of a body
};

// The page at `path`. `snapshot` may be nullptr: the head had none in time, and no page is shown without one.
HttpAnswer answer_to(std::string_view path, const Snapshot* snapshot);

// Whether `path` asks for an agent to install, for which no snapshot is needed.
bool asks_for_agent(std::string_view path);
HttpAnswer answer_about_agent(std::string_view path, const std::vector<AgentFile>& agents);

// A "no" of this HTTP status: pq.error/1.
HttpAnswer refusal(int status, std::string_view word, std::string_view text);

}  // namespace pq
