// The flags of pqd, each with its environment twin PQD_….
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/queue.h"
#include "daemon/http/listener.h"
#include "daemon/verify_file.h"

namespace pq {

struct DaemonOptions {
  std::filesystem::path state_dir;
  std::string listen;
  std::optional<HttpAddress> http;      // nullopt: no HTTP
  bool http_is_asked_for = false;       // else it is the default, and a taken port is no failure
  std::vector<std::string> http_hosts;  // names that HTTP is asked for by, beside this machine's own
  std::filesystem::path agents_dir;
  QueueSettings queue;
  std::string log_level;
  std::optional<FileToVerify> verify;  // in place of serving
};

// Nothing after --help or --version, which are answered on stdout. Throws EnvironmentError (usage).
std::optional<DaemonOptions> parse_daemon_options(int argc, char** argv);

}  // namespace pq
