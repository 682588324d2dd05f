#include "agent/options.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <thread>
#include <vector>

#include "common/duration.h"
#include "common/errors.h"
#include "common/limits.h"
#include "common/os/command_line.h"
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
      .flags = {{"state-dir", "DIR", "the state directory of a head on this machine"},
                {"head", "tcp://HOST:PORT",
                 "the head's address, in place of the one in the state directory or the token"},
                {"join", "TOKEN", "a join token made by pq-key new agent; needs nothing else"},
                {"key", "FILE", "a key file, or a file with a join token"},
                {"slots", "N", "units of parallel work (default: the machine's cores)"},
                {"name", "NAME",
                 "what the head calls this agent (default: the EC2 instance's id, else the host's name and "
                 "four digits)"},
                {"allow-exec", "", "let jobs run programs here; no kernel of this version does"},
                {"head-timeout", "10m", "end after so long without a word from the head"},
                {"idle-exit", "5m", "end after so long without work (default: never)"},
                {"imds-endpoint", "URL",
                 "where to ask for interruption notices; this version learns of them by SIGTERM only"},
                {"log-level", "LEVEL", "trace, debug, info, warn, error or off (default info)"}},
      .statuses = {
          {ExitStatus::done, "drained: SIGTERM, SIGINT, an operator's drain, or --idle-exit"},
          {ExitStatus::failed, "replaced by a newer agent of its name; any other failure"},
          {ExitStatus::usage, "the command line does not make sense"},
          {ExitStatus::head_unreachable, "no word from the head for --head-timeout, or it refuses"}}};
  return usage;
}

[[noreturn]] void refuse(const std::string& text) { throw EnvironmentError(text, ExitStatus::usage); }

std::uint32_t parse_slots(const std::string& text) {
  std::uint32_t slots = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slots);
  if (error != std::errc() || end != text.data() + text.size() || slots == 0 || slots > limits::slots_max) {
    refuse("--slots " + printable(text) + " is not a number from 1 to " + std::to_string(limits::slots_max));
  }
  return slots;
}

Duration parse_time(const std::string& flag, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) refuse("--" + flag + ": " + duration.error());
  return *duration;
}

// On EC2 the firmware tells the instance's id, without a question to anybody.
std::string ec2_instance_id() {
  std::ifstream tag("/sys/devices/virtual/dmi/id/board_asset_tag");
  std::string id;
  std::getline(tag, id);
  return id.starts_with("i-") && is_printable(id) ? id : "";
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

AgentOptions read(const Arguments& arguments) {
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
  options.head_timeout = parse_time("head-timeout", arguments.value("head-timeout").value_or("10m"));
  if (const auto idle = arguments.value("idle-exit")) options.idle_exit = parse_time("idle-exit", *idle);
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
  return read(arguments);
}

}  // namespace pq
