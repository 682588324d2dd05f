// The flags of pq-agent, each with its environment twin PQ_….
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/interruption/cloud.h"
#include "common/net/keys.h"
#include "common/values/instant.h"
#include "common/values/job.h"

namespace pq::agent {

struct AgentOptions {
  CredentialSources credentials;
  std::uint32_t slots = 1;
  std::string_view slots_are = "--slots";  // which source sets the number
  std::uint32_t cpus = 1;                  // that this process may use
  std::string name;
  bool name_is_drawn = false;  // by lot: another one is as good
  bool allow_exec = false;
  std::filesystem::path work_dir;            // for programs: scratch directories and cached files
  std::uint64_t cache_bytes = 0;             // of files
  std::vector<Label> labels;                 // given on the command line
  std::vector<std::string> environment;      // NAME=VALUE, of this process: programs inherit most of it
  bool heeds_cloud = true;                   // looks out for the machine's end
  std::optional<Cloud> cloud;                // the one it is in, if that is known
  std::optional<std::string> imds_endpoint;  // of its metadata service, if it is not the usual one
  Duration head_timeout{0};
  std::optional<Duration> idle_exit;
  std::optional<Duration> drain_timeout;  // of a drain by SIGTERM
  std::string log_level;
};

// Nothing after --help or --version, which are answered on stdout. Throws EnvironmentError (usage).
std::optional<AgentOptions> parse_agent_options(int argc, char** argv);

}  // namespace pq::agent
