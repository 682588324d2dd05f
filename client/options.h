// What all commands of the client have in common on their command lines. What does not make sense is thrown
// as an EnvironmentError with ExitStatus::usage.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/screen.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/os/command_line.h"

namespace pq {

// Of one command: with the flags that every command has, and the exit statuses. A flag of its own takes the
// place of a shared one of that name.
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

// An integer within these bounds, written as in a range: 1000 or 1e3. Else a usage error that names the flag.
std::uint64_t parse_count(const std::string& flag, const std::string& text, std::uint64_t least,
                          std::uint64_t most);

// "2G", with K, M, G and T as powers of 1024, or plain bytes; at least one.
std::uint64_t parse_bytes(const std::string& flag, const std::string& text);

// "30s", or a usage error that names the flag.
Duration parse_time(const std::string& flag, const std::string& text, Duration shortest = {});

// Whether it is `tcp://HOST:PORT`.
bool is_address(std::string_view text);

// The same, or a usage error that names the flag.
std::string parse_address(const std::string& flag, const std::string& text);

// At most limits::name_bytes_max printable bytes, or a usage error that names the flag.
std::string parse_name(const std::string& flag, const std::string& text);

}  // namespace pq
