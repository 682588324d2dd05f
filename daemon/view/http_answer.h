// One HTTP response, as a value.
#pragma once

#include <memory>
#include <string>

#include "common/values/sha256.h"

namespace pq::view {

// A program that new machines download.
struct AgentFile {
  std::string arch;  // as uname -m says it
  Sha256 sha256;
  std::shared_ptr<const std::string> bytes;
};

struct HttpAnswer {
  int status = 200;
  std::string body;
  const char* type = "application/json";
  const AgentFile* file = nullptr;  // what is sent in place of a body
};

}  // namespace pq::view
