// What all commands of the client have in common on their command lines. What does not make sense is thrown
// as an EnvironmentError with ExitStatus::usage.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/instant.h"
#include "common/os/command_line.h"

namespace pq {

// Of one command: with the flags that every command has, and the exit statuses.
Usage client_usage(const std::string& program, const std::string& synopsis, const std::string& purpose,
                   const std::vector<Flag>& flags = {});

// The flags that every command has.
struct SharedOptions {
  std::filesystem::path state_dir;
  std::optional<std::string> head;
  std::optional<std::filesystem::path> key_file;
  bool json = false;
  std::optional<Duration> timeout;
  std::string log_level;
};

SharedOptions read_shared_options(const Arguments& arguments);

JobId parse_job_id(const std::string& text);
std::int32_t parse_priority(const std::string& text);

// `tcp://HOST:PORT`, or a usage error that names the flag.
std::string parse_address(const std::string& flag, const std::string& text);

// At most limits::name_bytes_max printable bytes, or a usage error that names the flag.
std::string parse_name(const std::string& flag, const std::string& text);

}  // namespace pq
