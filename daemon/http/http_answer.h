// One answer of the HTTP side, as a value.
#pragma once

#include <string>

#include "daemon/agent_files.h"

namespace pq {

struct HttpAnswer {
  int status = 200;
  std::string body;
  const char* type = "application/json";
  const AgentFile* file = nullptr;  // what is sent in place of a body
};

}  // namespace pq
