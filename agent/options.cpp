#include "agent/options.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/machine.h"
#include "common/duration.h"
#include "common/errors.h"
#include "common/limits.h"
#include "common/os/command_line.h"
#include "common/os/log.h"
#include "common/os/paths.h"
#include "common/os/random.h"
#include "common/text.h"
#include "common/version.h"

namespace pq {
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
           {"slots", "N", "units of parallel work (default: the machine's cores)"},
           {"name", "NAME",
            "what the head calls this agent (default: the EC2 instance's id, else the host's name and "
            "four digits)"},
           {"allow-exec", "", "let jobs run any program here, as this user"},
           {"work-dir", "DIR",
            "where programs run and their files are kept (default: $CACHE_DIRECTORY, else "
            "$XDG_CACHE_HOME/pq, else $HOME/.cache/pq, else /var/tmp/pq-UID)"},
           {"cache-size", "4G", "bytes of files to keep for later jobs, with k, M, G or T"},
           {"label", "KEY=VALUE", "a label that jobs can require; more than once for more than one"},
           {"head-timeout", "10m", "end after so long without a word from the head"},
           {"idle-exit", "5m", "end after so long without work (default: never)"},
           {"drain-timeout", "90s",
            "after a SIGTERM, give back the steps that still run after so long (default: wait for them)"},
           {"interruption", "auto|ec2|gcp|azure|none",
            "the cloud whose notices of this machine's end to heed (default auto: as the firmware or "
            "--imds-endpoint tells)"},
           {"imds-endpoint", "URL", "where the cloud's metadata service is, if not at its usual address"},
           {"log-level", "LEVEL", "trace, debug, info, warn, error or off (default info)", {}, log_levels()}},
      .statuses = {{ExitStatus::done,
                    "drained: SIGTERM, SIGINT, a notice of the cloud, an operator's drain, or --idle-exit"},
                   {ExitStatus::failed, "it cannot work here: a directory or a limit, as it says"},
                   {ExitStatus::usage, "the command line does not make sense"},
                   {ExitStatus::head_unreachable, "no word from the head for --head-timeout, or it refuses"},
                   {ExitStatus::replaced, "a newer agent has taken its name"}},
      .section = 8};
  return usage;
}

std::uint32_t parse_slots(const std::string& text) {
  std::uint32_t slots = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slots);
  if (error != std::errc() || end != text.data() + text.size() || slots == 0 || slots > limits::slots_max) {
    refuse("--slots " + printable(text) + " is not a number from 1 to " + std::to_string(limits::slots_max));
  }
  return slots;
}

Duration parse_time(const std::string& flag, const std::string& text, Duration shortest = {}) {
  const auto duration = parse_duration(text, shortest);
  if (!duration) refuse("--" + flag + ": " + duration.error());
  return *duration;
}

std::string default_name() {
  std::string instance = ec2_instance_id();
  if (!instance.empty()) return instance;
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host = {'a', 'g', 'e', 'n', 't'};
  const std::string digits = std::to_string(10000 + random_bits() % 10000).substr(1);
  return std::string(host.data()).substr(0, limits::name_bytes_max - 5) + "-" + digits;
}

std::string parse_agent_name(const std::string& text) {
  if (text.empty() || text.size() > limits::name_bytes_max || !is_printable(text)) {
    refuse("--name " + printable(text) + " is not a name: give 1 to " +
           std::to_string(limits::name_bytes_max) + " printable bytes");
  }
  return text;
}

std::uint64_t parse_bytes(const std::string& flag, const std::string& text) {
  constexpr std::string_view units = "kMGT";
  std::uint64_t bytes = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, bytes);
  const std::size_t unit = end == last ? std::string_view::npos : units.find(*end);
  const bool is_size =
      error == std::errc() && (end == last || (end + 1 == last && unit != std::string_view::npos));
  const unsigned shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(unit) + 1);
  if (!is_size || bytes > (std::uint64_t{1} << 62U) >> shift) {
    refuse("--" + flag + " " + printable(text) +
           " is not a size: write a number of bytes, or one with k, M, G or T");
  }
  return bytes << shift;
}

// Set but empty means unset.
std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
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
  options.cache_bytes = parse_bytes("cache-size", arguments.value("cache-size").value_or("4G"));
  for (char** word = environ; *word != nullptr; ++word) options.environment.emplace_back(*word);
}

void read_labels(const Arguments& arguments, AgentOptions& options) {
  for (const std::string& given : arguments.values("label")) {
    std::istringstream lines(given);  // PQ_LABEL holds several, one a line
    for (std::string line; std::getline(lines, line);) {
      const auto label = parse_label(line);
      if (!label) refuse("--label " + printable(line) + " is not a label: write KEY=VALUE");
      options.labels.push_back(*label);
    }
  }
  if (options.labels.size() > limits::labels_given_max)
    refuse("--label is given more than " + std::to_string(limits::labels_given_max) + " times");
}

void read_cloud(const Arguments& arguments, AgentOptions& options) {
  options.imds_endpoint = arguments.value("imds-endpoint");
  if (options.imds_endpoint && !is_http_endpoint(*options.imds_endpoint)) {
    refuse("--imds-endpoint " + printable(*options.imds_endpoint) +
           " is not http://HOST or http://HOST:PORT");
  }
  const std::string word = arguments.value("interruption").value_or("auto");
  const auto heed = parse_heed(word);
  if (!heed) refuse("--interruption " + printable(word) + " is none of " + std::string(heed_words));
  options.heeds_cloud = heed->heeds;
  options.cloud = heed->cloud;
  if (!options.cloud && !options.imds_endpoint) options.cloud = cloud_of(read_firmware());
}

AgentOptions options_of(const Arguments& arguments) {
  if (!arguments.words().empty())
    refuse("\"" + printable(arguments.words().front()) + "\" is one word too many");
  AgentOptions options;
  options.credentials.role = Role::agent;
  options.credentials.state_dir = arguments.value("state-dir").value_or(default_state_dir().string());
  options.credentials.head_endpoint = arguments.value("head");
  options.credentials.join_token = arguments.value("join");
  if (options.credentials.join_token && !parse_join_token(*options.credentials.join_token)) {
    refuse("--join is not a join token: pass the whole word that pq-key new agent printed");
  }
  if (const auto file = arguments.value("key")) options.credentials.key_file = *file;
  const std::uint32_t cores = std::clamp(std::thread::hardware_concurrency(), 1U, limits::slots_max);
  options.slots = arguments.value("slots") ? parse_slots(*arguments.value("slots")) : cores;
  options.name = arguments.value("name") ? parse_agent_name(*arguments.value("name")) : default_name();
  read_programs(arguments, options);
  read_labels(arguments, options);
  read_cloud(arguments, options);
  options.head_timeout = parse_time("head-timeout", arguments.value("head-timeout").value_or("10m"),
                                    limits::head_timeout_shortest);
  if (const auto idle = arguments.value("idle-exit"))
    options.idle_exit = parse_time("idle-exit", *idle, limits::idle_exit_shortest);
  if (const auto limit = arguments.value("drain-timeout"))
    options.drain_timeout = parse_time("drain-timeout", *limit);
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

}  // namespace pq
