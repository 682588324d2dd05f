// The flags of pq-agent, each with its environment twin PQ_AGENT_….
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "common/errors.h"
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

// The options, or the status to end with at once (after --help, --version or a usage error, which it prints).
std::variant<AgentOptions, ExitStatus> parse_agent_options(int argc, char** argv);

}  // namespace pq
