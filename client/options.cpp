#include "client/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "common/os/log.h"
#include "common/os/paths.h"
#include "common/values/errors.h"
#include "common/values/limits.h"
#include "common/values/range.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

std::vector<Flag> flags_of_every_command() {
  return {
      {"state-dir", "DIR", "the state directory of a head on this machine"},
      {"head", "tcp://HOST:PORT",
       "the head's address, in place of the one in the state directory or the token"},
      {"key", "FILE", "a key file, or a file with a join token"},
      {"json", "", "JSON on stdout, one line an answer"},
      {"timeout", "30s", "give up after this time; without it a wait lasts as long as its job"},
      {"color", "auto|always|never", "colours; auto: on a terminal, unless NO_COLOR is set (default auto)"},
      {"log-level", "LEVEL", "trace, debug, info, warn, error or off (default warn)", {}, log_levels()}};
}

}  // namespace

Usage client_usage(Usage own) {
  own.shared_flags = flags_of_every_command();
  std::erase_if(own.shared_flags, [&](const Flag& flag) {
    return std::any_of(own.flags.begin(), own.flags.end(),
                       [&](const Flag& its) { return its.name == flag.name; });
  });
  own.statuses = {{ExitStatus::done, "done"},
                  {ExitStatus::failed,
                   "the job that was waited for failed, or finished with failed spans; any other failure"},
                  {ExitStatus::usage, "the command line is wrong"},
                  {ExitStatus::no_such_job, "no such job"},
                  {ExitStatus::head_unreachable, "the head cannot be reached, or refuses"},
                  {ExitStatus::cancelled, "the job that was waited for was cancelled"},
                  {ExitStatus::timed_out, "--timeout was reached; the job goes on"},
                  {ExitStatus::interrupted, "interrupted; the job goes on"}};
  return own;
}

SharedOptions read_shared_options(const Arguments& arguments) {
  SharedOptions shared;
  shared.state_dir = arguments.value("state-dir").value_or(default_state_dir().string());
  if (const auto head = arguments.value("head")) shared.head = parse_address("--head", *head);
  shared.key_file = arguments.value("key");
  shared.json = arguments.has("json");
  shared.log_level = arguments.value("log-level").value_or("warn");
  if (const auto text = arguments.value("color")) shared.colour = parse_colour_wish(*text);
  if (const auto text = arguments.value("timeout")) shared.timeout = parse_time("--timeout", *text);
  return shared;
}

ColourWish parse_colour_wish(const std::string& text) {
  if (text == "auto") return ColourWish::automatic;
  if (text == "always") return ColourWish::always;
  if (text == "never") return ColourWish::never;
  refuse(fmt::format("--color {} is none of auto, always and never", text));
}

JobId parse_job_id(const std::string& text) {
  const auto job = parse_job(text);
  if (!job) refuse(fmt::format("\"{}\" is not the number of a job: pq-status lists the jobs", text));
  return *job;
}

std::int32_t parse_priority(const std::string& text) {
  std::int32_t priority = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), priority);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse(fmt::format("\"{}\" is not a priority: give an integer from -2147483648 to 2147483647", text));
  }
  return priority;
}

bool is_address(std::string_view text) {
  constexpr std::string_view scheme = "tcp://";
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (text.starts_with(scheme) && colon > scheme.size()) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end) port = 0;
  }
  return port != 0 && is_printable(text) && text.size() <= limits::text_bytes_max;
}

std::string parse_address(const std::string& flag, const std::string& text) {
  if (!is_address(text)) refuse(fmt::format("{} {} is not an address: give tcp://HOST:PORT", flag, text));
  return text;
}

}  // namespace pq::client
