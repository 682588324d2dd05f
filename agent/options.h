// The flags of pq-agent, each with its environment twin PQ_….
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/instant.h"
#include "common/net/keys.h"

namespace pq {

struct AgentOptions {
  CredentialSources credentials;
  std::uint32_t slots = 1;
  std::string name;
  Duration head_timeout{0};
  std::optional<Duration> idle_exit;
  std::string log_level;
};

// Nothing after --help or --version, which are answered on stdout. Throws EnvironmentError (usage).
std::optional<AgentOptions> parse_agent_options(int argc, char** argv);

}  // namespace pq
