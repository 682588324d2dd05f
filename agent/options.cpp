#include "agent/options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/allowed_cpus.h"
#include "agent/machine.h"
#include "common/cli/command_line.h"
#include "common/cli/flag_values.h"
#include "common/os/log.h"
#include "common/os/paths.h"
#include "common/os/random.h"
#include "common/values/errors.h"
#include "common/values/limits.h"
#include "common/values/size.h"
#include "common/values/text.h"
#include "common/version.h"

namespace pq::agent {
namespace {

const Usage& usage() {
  static const Usage usage{
      .program = "pq-agent",
      .synopsis = "[FLAGS]",
      .purpose = "computes parts of jobs on this machine for a head",
      .flags =
          {{"state-dir", "DIR", "the state directory of a head on this machine"},
           {"head", "tcp://HOST:PORT",
            "the head's address, in place of the one in the state directory or the token"},
           {"join", "TOKEN", "a join token made by pq-key new agent; needs nothing else"},
           {"key", "FILE", "a key file, or a file with a join token"},
           {"slots", "N",
            "units of parallel work (default: the CPUs that this process may use, by its affinity, its "
            "cgroup's "
            "CPU quota and Slurm)"},
           {"name", "NAME",
            "what the head calls this agent (default: the EC2 instance's id, else the host's name and 13 "
            "letters and digits, chosen again if another agent has the same)"},
           {"allow-exec", "", "let jobs run any program here, as this user"},
           {"work-dir", "DIR",
            "where programs run and their files are kept (default: $CACHE_DIRECTORY, else "
            "$XDG_CACHE_HOME/pq, else $HOME/.cache/pq, else /var/tmp/pq-UID)"},
           {"cache-size", "4G", "files to keep for later jobs; " + std::string(size_units)},
           {"label", "KEY=VALUE", "a label that jobs can require; may be repeated"},
           {"head-timeout", "10m", "exit after this time without a message from the head"},
           {"idle-exit", "5m", "exit after this time without work, while the head is heard (default: never)"},
           {"drain-timeout", "90s",
            "how long steps may go on after a signal such as SIGTERM before they are given back (default: "
            "until they end)"},
           {"interruption", "auto|ec2|gcp|azure|none",
            "the cloud whose notices of this machine's end count (default auto: as the firmware or "
            "--imds-endpoint shows)"},
           {"imds-endpoint", "URL", "where the cloud's metadata service is, if not at its usual address"},
           {"log-level", "LEVEL", "trace, debug, info, warn, error or off (default info)", {}, log_levels()}},
      .statuses = {{ExitStatus::done,
                    "drained: a signal (SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU), a notice of the "
                    "cloud, an operator's drain, or --idle-exit"},
                   {ExitStatus::failed, "it cannot run here: its message names the directory or the limit"},
                   {ExitStatus::usage, "the command line is wrong"},
                   {ExitStatus::head_unreachable,
                    "no message from the head for --head-timeout, or it refuses"},
                   {ExitStatus::replaced, "a newer agent has taken the name that it was given"}},
      .section = 8};
  return usage;
}

std::string parse_agent_name(const std::string& text) {
  if (text.empty() || text.size() > limits::name_bytes_max || !is_printable(text)) {
    refuse("--name " + text + " is not a name: give 1 to " + std::to_string(limits::name_bytes_max) +
           " printable bytes");
  }
  return text;
}

// Set but empty means unset.
std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

void read_slots(const Arguments& arguments, AgentOptions& options) {
  const AllowedCpus allowed = allowed_cpus(read_cpu_bounds(environment));
  options.cpus = allowed.count;
  if (const auto given = arguments.value("slots")) {
    options.slots = static_cast<std::uint32_t>(parse_count("--slots", *given, 1, limits::slots_max));
    return;
  }
  options.slots = std::min(allowed.count, limits::slots_max);
  options.slots_are = allowed.count > limits::slots_max ? "the most that an agent may have" : allowed.why;
}

void read_name(const Arguments& arguments, AgentOptions& options) {
  if (const auto given = arguments.value("name")) {
    options.name = parse_agent_name(*given);
    return;
  }
  options.name = ec2_instance_id();
  if (!options.name.empty()) return;
  options.name = drawn_name(host_name(), random_bits());
  options.name_is_drawn = true;
}

std::filesystem::path default_work_dir() {
  if (const auto given = environment("CACHE_DIRECTORY")) return given->substr(0, given->find(':'));
  if (const auto base = environment("XDG_CACHE_HOME"); base && base->front() == '/')
    return std::filesystem::path(*base) / "pq";
  if (const auto home = environment("HOME")) return std::filesystem::path(*home) / ".cache" / "pq";
  return "/var/tmp/pq-" + std::to_string(geteuid());
}

void read_programs(const Arguments& arguments, AgentOptions& options) {
  options.allow_exec = arguments.has("allow-exec");
  options.work_dir = arguments.value("work-dir").value_or(default_work_dir().string());
  options.cache_bytes = parse_size("--cache-size", arguments.value("cache-size").value_or("4G"));
  for (char** word = environ; *word != nullptr; ++word) options.environment.emplace_back(*word);
}

void read_labels(const Arguments& arguments, AgentOptions& options) {
  for (const std::string& given : arguments.values("label")) {
    std::istringstream lines(given);  // PQ_LABEL holds several, one a line
    for (std::string line; std::getline(lines, line);) {
      const auto label = parse_label(line);
      if (!label) refuse("--label " + line + " is not a label: write KEY=VALUE");
      options.labels.push_back(*label);
    }
  }
  if (options.labels.size() > limits::labels_given_max)
    refuse("--label is given more than " + std::to_string(limits::labels_given_max) + " times");
}

void read_cloud(const Arguments& arguments, AgentOptions& options) {
  options.imds_endpoint = arguments.value("imds-endpoint");
  if (options.imds_endpoint && !is_http_endpoint(*options.imds_endpoint)) {
    refuse("--imds-endpoint " + *options.imds_endpoint + " is not http://HOST or http://HOST:PORT");
  }
  const std::string word = arguments.value("interruption").value_or("auto");
  const auto heed = parse_heed(word);
  if (!heed) refuse("--interruption " + word + " is none of " + std::string(heed_words));
  options.heeds_cloud = heed->heeds;
  options.cloud = heed->cloud;
  if (!options.cloud && !options.imds_endpoint) options.cloud = cloud_of(read_firmware());
}

AgentOptions options_of(const Arguments& arguments) {
  if (!arguments.words().empty()) refuse("\"" + arguments.words().front() + "\" is an unexpected argument");
  AgentOptions options;
  options.credentials.role = Role::agent;
  options.credentials.state_dir = arguments.value("state-dir").value_or(default_state_dir().string());
  options.credentials.head_endpoint = arguments.value("head");
  options.credentials.join_token = arguments.value("join");
  if (options.credentials.join_token && !parse_join_token(*options.credentials.join_token)) {
    refuse("--join is not a join token: pass the whole word that pq-key new agent printed");
  }
  if (const auto file = arguments.value("key")) options.credentials.key_file = *file;
  read_slots(arguments, options);
  read_name(arguments, options);
  read_programs(arguments, options);
  read_labels(arguments, options);
  read_cloud(arguments, options);
  options.head_timeout = parse_time("--head-timeout", arguments.value("head-timeout").value_or("10m"),
                                    limits::head_timeout_shortest);
  if (const auto idle = arguments.value("idle-exit"))
    options.idle_exit = parse_time("--idle-exit", *idle, limits::idle_exit_shortest);
  if (const auto limit = arguments.value("drain-timeout"))
    options.drain_timeout = parse_time("--drain-timeout", *limit);
  options.log_level = arguments.value("log-level").value_or("info");
  return options;
}

}  // namespace

std::optional<AgentOptions> parse_agent_options(int argc, char** argv) {
  const Arguments arguments(usage(), {argv + 1, argv + argc});
  if (const auto answer = answer_about_itself(usage(), arguments)) {
    std::printf("%s\n", answer->c_str());
    return std::nullopt;
  }
  return options_of(arguments);
}

}  // namespace pq::agent
