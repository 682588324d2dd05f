#include "daemon/options.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "common/cli/command_line.h"
#include "common/cli/flag_values.h"
#include "common/os/log.h"
#include "common/os/paths.h"
#include "common/protocol/limits.h"
#include "common/values/duration.h"
#include "common/values/errors.h"
#include "common/values/text.h"
#include "daemon/core/limits.h"
#include "daemon/http/own_names.h"

namespace pq::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Duration beat_shortest = 10ms;
constexpr Duration term_longest = 24h;

const Usage& usage() {
  static const Usage usage{
      .program = "pqd",
      .synopsis = "[FLAGS]",
      .purpose = "the head: keeps the queue and leases work to agents",
      .flags =
          {{"state-dir", "DIR", "where the queue, the keys and the address are kept"},
           {"listen", "tcp://HOST:PORT",
            "where agents and clients reach the head (default tcp://127.0.0.1:7700; port * for any)"},
           {"http", "HOST:PORT",
            "where browsers and scripts read, and only read (default 127.0.0.1:7701, if it is free; "
            "port * for any; none for no HTTP)"},
           {"http-host", "NAME",
            "a name by which browsers may ask for HTTP, beside addresses, localhost and this machine's own "
            "names; several, with commas or flags"},
           {"agents-http", "HOST:PORT",
            "where new machines fetch their agent and nothing else is served, such as 0.0.0.0:7702 (default: "
            "with --http alone)"},
           {"agents-dir", "DIR",
            "the agents that new machines fetch by HTTP, as pq-agent-x86_64 and pq-agent-aarch64 (default "
            "/usr/lib/pq/agents)"},
           {"lease-term", "15s", "an agent that is silent for this time loses its leases"},
           {"beat", "1s", "how often an agent reports; stretched as the fleet grows"},
           {"keep-jobs", "AGE",
            "forget jobs that ended so long ago, such as 90d: their totals, logs and output (default: never, "
            "up to 100 000 jobs)"},
           {"keep-logs", "AGE",
            "erase the logs of jobs that ended so long ago, such as 14d (default: with the job)"},
           {"keep-bytes", "SIZE",
            "while the database is larger, such as 10G, erase of jobs that ended ten minutes ago or earlier, "
            "oldest first: what their programs printed, then whole jobs (default: no bound)"},
           {"reserve", "SIZE",
            "of its disk keep so much free: below that no jobs, files or output are taken in, and jobs can "
            "still "
            "be steered and forgotten; 0 for none (default 5 % and at most 1G, never over a quarter)"},
           {"new-queue", "",
            "begin an empty queue where there are keys but no database; without it that is a queue that was "
            "lost, and pqd does not start"},
           {"log-level", "LEVEL", "trace, debug, info, warn, error or off (default info)", {}, log_levels()},
           {"verify", "FILE",
            "do not serve: check that the totals in this database, such as a backup, are right"},
           {"job", "JOB", "with --verify: of this job alone"},
           {"json", "", "with --verify: JSON on stdout"}},
      .twin_prefix = "PQD_",
      .statuses =
          {{ExitStatus::done, "stopped by SIGTERM or SIGINT; with --verify: all holds"},
           {ExitStatus::failed,
            "cannot start: a taken port, a state directory or database that cannot be used; with --verify: "
            "something does not hold, or the file cannot be read"},
           {ExitStatus::usage, "the command line is wrong"},
           {ExitStatus::no_such_job, "with --verify: no such job"},
           {ExitStatus::storage_failed,
            "a commit failed, or the database was removed or replaced: nothing was acknowledged; start it "
            "again"}},
      .section = 8};
  return usage;
}

Duration time_of(const Arguments& arguments, const std::string& flag, Duration otherwise) {
  const auto text = arguments.value(flag);
  return text ? parse_time("--" + flag, *text) : otherwise;
}

// Shorter than the clock is watched for is no age that can be known.
std::optional<Duration> age_of(const Arguments& arguments, const std::string& flag) {
  const auto text = arguments.value(flag);
  return text ? std::optional(parse_time("--" + flag, *text, limits::clock_believed_after)) : std::nullopt;
}

Keeping parse_keeping(const Arguments& arguments) {
  Keeping keeping{.jobs = age_of(arguments, "keep-jobs"), .logs = age_of(arguments, "keep-logs")};
  if (const auto bytes = arguments.value("keep-bytes")) keeping.bytes = parse_size("--keep-bytes", *bytes);
  return keeping;
}

std::optional<HttpAddress> parse_http(const std::string& flag, const std::string& text) {
  if (text == "none") return std::nullopt;
  auto address = parse_http_address(text);
  if (!address)
    refuse("--" + flag + " \"" + text + "\" is no HOST:PORT such as 127.0.0.1:7701; or give none");
  return address;
}

// Each value is a list with commas.
std::vector<std::string> parse_http_hosts(const std::vector<std::string>& lists) {
  std::vector<std::string> names;
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(','), list.size());
      const std::string name(stripped(list.substr(0, end)));
      if (!OwnNames::may_be(name)) {
        refuse("--http-host \"" + name +
               "\" is no name of a machine, such as head.example.org; leave out the port");
      }
      names.push_back(name);
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  }
  return names;
}

std::optional<FileToVerify> parse_verify(const Arguments& arguments) {
  const auto file = arguments.value("verify");
  const auto job = arguments.value("job");
  if (!file && (job || arguments.has("json"))) refuse("--job and --json go with --verify FILE");
  if (!file) return std::nullopt;
  FileToVerify asked{.file = *file, .job = {}, .json = arguments.has("json")};
  if (job) asked.job = parse_job(*job);
  if (job && !asked.job) refuse("--job \"" + *job + "\" is not the number of a job");
  return asked;
}

DaemonOptions read(const Arguments& arguments) {
  if (!arguments.words().empty()) refuse("\"" + arguments.words().front() + "\" is an unexpected argument");
  DaemonOptions options;
  options.verify = parse_verify(arguments);
  options.state_dir = arguments.value("state-dir").value_or(default_state_dir().string());
  options.listen = arguments.value("listen").value_or("tcp://127.0.0.1:7700");
  options.http = parse_http("http", arguments.value("http").value_or("127.0.0.1:7701"));
  options.agents_http = parse_http("agents-http", arguments.value("agents-http").value_or("none"));
  options.http_is_asked_for = arguments.value("http").has_value();
  options.http_hosts = parse_http_hosts(arguments.values("http-host"));
  options.agents_dir = arguments.value("agents-dir").value_or("/usr/lib/pq/agents");
  options.new_queue = arguments.has("new-queue");
  options.queue.lease_term = time_of(arguments, "lease-term", limits::lease_term);
  options.queue.beat_interval = time_of(arguments, "beat", limits::beat_interval);
  options.queue.keeping = parse_keeping(arguments);
  if (const auto bytes = arguments.value("reserve"))
    options.queue.reserve = parse_size("--reserve", *bytes, 0);
  if (options.queue.beat_interval < beat_shortest)
    refuse("--beat is too short: give at least " + to_text(beat_shortest));
  if (options.queue.lease_term <= 3 * options.queue.beat_interval ||
      options.queue.lease_term > term_longest) {
    refuse("--lease-term " + to_text(options.queue.lease_term) + " must be longer than three beats of " +
           to_text(options.queue.beat_interval) + ", so that two in a row may be lost, and at most " +
           to_text(term_longest));
  }
  options.log_level = arguments.value("log-level").value_or("info");
  return options;
}

}  // namespace

std::optional<DaemonOptions> parse_daemon_options(int argc, char** argv) {
  const Arguments arguments(usage(), {argv + 1, argv + argc});
  if (const auto answer = answer_about_itself(usage(), arguments)) {
    std::printf("%s\n", answer->c_str());
    return std::nullopt;
  }
  return read(arguments);
}

}  // namespace pq::daemon
