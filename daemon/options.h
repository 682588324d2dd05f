// The flags of pqd, each with its environment twin PQD_….
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "common/errors.h"
#include "daemon/core/queue.h"

namespace pq {

struct DaemonOptions {
  std::filesystem::path state_dir;
  std::string listen;
  QueueSettings queue;
  std::string log_level;
};

// The options, or the status to end with at once (after --help, --version or a usage error, which it prints).
std::variant<DaemonOptions, ExitStatus> parse_daemon_options(int argc, char** argv);

}  // namespace pq
