#include "client/options.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "common/duration.h"
#include "common/errors.h"
#include "common/limits.h"
#include "common/os/paths.h"
#include "common/text.h"

namespace pq {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw EnvironmentError(text, ExitStatus::usage); }

}  // namespace

Usage client_usage(const std::string& program, const std::string& synopsis, const std::string& purpose,
                   const std::vector<Flag>& flags) {
  return {
      .program = program,
      .synopsis = synopsis,
      .purpose = purpose,
      .flags = flags,
      .shared_flags = {{"state-dir", "DIR", "the state directory of a head on this machine"},
                       {"head", "tcp://HOST:PORT",
                        "the head's address, in place of the one in the state directory or the token"},
                       {"key", "FILE", "a key file, or a file with a join token"},
                       {"json", "", "JSON on stdout, one line an answer"},
                       {"timeout", "30s",
                        "give up after this time; without it a wait lasts as long as its job"},
                       {"log-level", "LEVEL", "trace, debug, info, warn, error or off (default warn)"}},
      .statuses = {{ExitStatus::done, "done"},
                   {ExitStatus::failed, "the job finished with failed spans, or failed; any other failure"},
                   {ExitStatus::usage, "the command line does not make sense"},
                   {ExitStatus::no_such_job, "no such job"},
                   {ExitStatus::head_unreachable, "the head cannot be reached, or refuses"},
                   {ExitStatus::cancelled, "the job was cancelled"},
                   {ExitStatus::timed_out, "--timeout was reached; the job goes on"},
                   {ExitStatus::interrupted, "interrupted; the job goes on"}}};
}

SharedOptions read_shared_options(const Arguments& arguments) {
  SharedOptions shared;
  shared.state_dir = arguments.value("state-dir").value_or(default_state_dir().string());
  if (const auto head = arguments.value("head")) shared.head = parse_address("--head", *head);
  shared.key_file = arguments.value("key");
  shared.json = arguments.has("json");
  shared.log_level = arguments.value("log-level").value_or("warn");
  if (const auto text = arguments.value("timeout")) {
    const auto timeout = parse_duration(*text);
    if (!timeout) refuse("--timeout: " + timeout.error());
    shared.timeout = *timeout;
  }
  return shared;
}

JobId parse_job_id(const std::string& text) {
  const auto job = parse_job(text);
  if (!job)
    refuse(fmt::format("\"{}\" is not the number of a job: pq-status lists the jobs", printable(text)));
  return *job;
}

std::int32_t parse_priority(const std::string& text) {
  std::int32_t priority = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), priority);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse(fmt::format("\"{}\" is not a priority: give an integer from -2147483648 to 2147483647",
                       printable(text)));
  }
  return priority;
}

std::string parse_address(const std::string& flag, const std::string& text) {
  constexpr std::string_view scheme = "tcp://";
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (text.starts_with(scheme) && colon > scheme.size()) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end) port = 0;
  }
  if (port == 0 || !is_printable(text) || text.size() > limits::text_bytes_max) {
    refuse(fmt::format("{} {} is not an address: give tcp://HOST:PORT", flag, printable(text)));
  }
  return text;
}

std::string parse_name(const std::string& flag, const std::string& text) {
  if (text.size() > limits::name_bytes_max) {
    refuse(fmt::format("{} has {} bytes: give at most {}", flag, text.size(), limits::name_bytes_max));
  }
  if (!is_printable(text)) {
    refuse(fmt::format("{} {} is not printable text: leave out control characters", flag, printable(text)));
  }
  return text;
}

}  // namespace pq
