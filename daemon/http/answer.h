// What each page says, as a value: no socket, no thread. The JSON is what the clients' --json prints.
#pragma once

#include <string>
#include <string_view>

#include "daemon/http/snapshots.h"

namespace pq {

struct HttpAnswer {
  int status = 200;
  std::string body;
  const char* type = "application/json";
};

// The page at `path`. `snapshot` may be nullptr: the head had none in time, and no page is shown without one.
HttpAnswer answer_to(std::string_view path, const Snapshot* snapshot);

// A "no" of this HTTP status: pq.error/1.
HttpAnswer refusal(int status, std::string_view word, std::string_view text);

}  // namespace pq
