// The flags of pqd, each with its environment twin PQD_….
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/queue.h"
#include "daemon/http/address.h"
#include "daemon/verify_file.h"

namespace pq::daemon {

struct DaemonOptions {
  std::filesystem::path state_dir;
  std::string listen;
  std::optional<HttpAddress> http;         // nullopt: no HTTP
  bool http_is_asked_for = false;          // else it is the default, and a port in use is not a failure
  std::optional<HttpAddress> agents_http;  // where agents alone are handed out
  std::vector<std::string> http_hosts;     // names that HTTP accepts beside this machine's own
  std::filesystem::path agents_dir;
  bool new_queue = false;  // where there are keys but no database
  QueueSettings queue;
  std::string log_level;
  std::optional<FileToVerify> verify;  // in place of serving
};

// Nothing after --help or --version, which are answered on stdout. Throws EnvironmentError (usage).
std::optional<DaemonOptions> parse_daemon_options(int argc, char** argv);

}  // namespace pq::daemon
