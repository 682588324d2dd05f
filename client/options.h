// The flags that all client commands share. A mistake throws an EnvironmentError with ExitStatus::usage.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/screen.h"
#include "common/cli/command_line.h"
#include "common/cli/flag_values.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::client {

// The usage of one command, with the shared flags and the exit statuses. Its own flags replace shared ones of
// the same name.
Usage client_usage(Usage own);

// The flags that every command has.
struct SharedOptions {
  std::filesystem::path state_dir;
  std::optional<std::string> head;
  std::optional<std::filesystem::path> key_file;
  bool json = false;
  std::optional<Duration> timeout;
  std::string timeout_flag = "--timeout";  // where it came from
  std::string log_level;
  ColourWish colour = ColourWish::automatic;
};

SharedOptions read_shared_options(const Arguments& arguments);

ColourWish parse_colour_wish(const std::string& text);
JobId parse_job_id(const std::string& text);
std::int32_t parse_priority(const std::string& text);

// Whether it is `tcp://HOST:PORT`.
bool is_address(std::string_view text);

// The same, or a usage error that names the flag.
std::string parse_address(const std::string& flag, const std::string& text);

}  // namespace pq::client
