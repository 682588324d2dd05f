#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/new_key.h"
#include "client/shown.h"
#include "client/user_data.h"
#include "common/report/json_writer.h"
#include "common/values/cloud.h"
#include "common/values/limits.h"
#include "common/values/text.h"
#include "common/values/utc_time.h"

namespace pq::commands {
namespace {

using namespace std::chrono_literals;

constexpr const char* architectures = "x86_64 or aarch64";

bool is_architecture(std::string_view text) { return text == "x86_64" || text == "aarch64"; }

std::string plain(const std::string& flag, const std::string& text) {
  if (!is_plain(text)) refuse(fmt::format("--{} {} is not plain text: give printable ASCII", flag, text));
  return text;
}

std::string parse_url(const std::string& flag, const std::string& text) {
  const bool is_url = text.starts_with("http://") || text.starts_with("https://");
  if (!is_url || text.find(' ') != std::string::npos || !is_plain(text))
    refuse(fmt::format("--{} {} is not a URL: give http://… or https://…", flag, text));
  return text;
}

Sha256 parse_hash(const std::string& flag, const std::string& text) {
  const auto hash = parse_sha256(text);
  if (!hash) {
    refuse(fmt::format("--{} {} is not a SHA-256: give 64 digits as sha256sum prints them", flag, text));
  }
  return *hash;
}

// ---------------------------------------------------------------- a worker's

// In the form that the agent reads: one per line.
std::string parse_labels(const Arguments& arguments) {
  const std::vector<std::string> given = arguments.values("label");
  if (given.size() > limits::labels_given_max)
    refuse(fmt::format("--label is given more than {} times", limits::labels_given_max));
  std::string lines;
  for (const std::string& text : given) {
    if (!parse_label(text)) refuse(fmt::format("--label {} is not a label: give KEY=VALUE", text));
    lines += (lines.empty() ? "" : "\n") + plain("label", text);
  }
  return lines;
}

// The settings of the machine's agent beside its token, in the form that its unit reads.
std::vector<Label> parse_settings(const Arguments& arguments) {
  std::vector<Label> settings;
  if (const auto slots = arguments.value("slots"))
    settings.push_back({"PQ_SLOTS", std::to_string(parse_count("--slots", *slots, 1, limits::slots_max))});
  const auto take_time = [&](const std::string& flag, const char* twin, Duration shortest) {
    const auto time = arguments.value(flag);
    if (!time) return;
    parse_time("--" + flag, *time, shortest);
    settings.push_back({twin, *time});
  };
  take_time("idle-exit", "PQ_IDLE_EXIT", limits::idle_exit_shortest);
  take_time("head-timeout", "PQ_HEAD_TIMEOUT", limits::head_timeout_shortest);
  if (const auto word = arguments.value("interruption")) {
    if (!parse_heed(*word)) refuse(fmt::format("--interruption {} is none of {}", *word, heed_words));
    settings.push_back({"PQ_INTERRUPTION", *word});
  }
  const std::string labels = parse_labels(arguments);
  if (!labels.empty()) settings.push_back({"PQ_LABEL", labels});
  return settings;
}

std::vector<AgentProgram> parse_agents(const Arguments& arguments) {
  std::vector<AgentProgram> agents;
  for (const std::string& text : arguments.values("agent-sha256")) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string arch = text.substr(0, equals);
    if (!is_architecture(arch) || equals == text.size()) {
      refuse(fmt::format("--agent-sha256 {} is not ARCH=HEX with {} before it", text, architectures));
    }
    agents.push_back(
        {.arch = arch, .size = 0, .sha256 = parse_hash("agent-sha256", text.substr(equals + 1))});
  }
  return agents;
}

struct HostAndPort {
  std::string host;
  std::string port;
};

HostAndPort split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  return {address.substr(0, colon), address.substr(colon + 1)};
}

// The address by which workers reach the head's HTTP, which the head has bound at `bound`.
std::string url_at_head(const std::string& endpoint, const std::optional<std::string>& bound) {
  if (!bound) {
    refuse(
        "the head serves no HTTP, by which machines would fetch their agent: start pqd with --agents-http "
        "0.0.0.0:7702, or name another place with --agent-url");
  }
  if (*bound != "0.0.0.0:" + split(*bound).port && *bound != "[::]:" + split(*bound).port &&
      is_local("tcp://" + *bound)) {
    refuse(fmt::format(
        "the head's HTTP at {} serves its own machine only, and others would fetch their agent there: "
        "start pqd with --agents-http 0.0.0.0:7702, or name another place with --agent-url",
        *bound));
  }
  const bool is_any = is_local("tcp://" + *bound);
  const std::string host =
      is_any ? split(endpoint.substr(std::string_view("tcp://").size())).host : split(*bound).host;
  return fmt::format("http://{}:{}/agents/{{arch}}", host, split(*bound).port);
}

void check_size(const std::string& document) {
  if (document.size() > user_data_bytes_max) {
    refuse(fmt::format("the document has {} bytes, and machines take at most {}: give fewer labels",
                       document.size(), user_data_bytes_max));
  }
}

void print_document(const Invocation& call, const UserDataAnswer& answer) {
  if (!call.shared.json) return put_out(answer.document);
  print(to_line(JsonWriter::object_of(answer)));
}

// Everything except the token.
WorkerDocument parse_document(const Arguments& arguments, const KeyWish& wish) {
  if (!wish.address) refuse("--address tcp://HOST:PORT is missing: where the new machines reach the head");
  if (is_local(*wish.address)) {
    refuse(fmt::format(
        "--address {} means the new machine itself: give the address by which it reaches the head",
        *wish.address));
  }
  plain("address", *wish.address);
  const auto url = arguments.value("agent-url");
  WorkerDocument document{
      .head_endpoint = *wish.address,
      .key_name = wish.name,
      .token = {},
      .agent_url = url ? parse_url("agent-url", *url) : "",
      .agents = parse_agents(arguments),
      .settings = parse_settings(arguments),
      .patience = parse_time("--head-timeout", arguments.value("head-timeout").value_or("10m")),
      .allows_exec = arguments.has("allow-exec"),
      .powers_off = !arguments.has("keep-running")};
  if (!url && !document.agents.empty()) refuse("--agent-sha256 goes with --agent-url");
  return document;
}

// Asks the head for the agent programs and their address, unless the command line gives them.
std::optional<Failure> ask_for_agents(Connection& connection, WorkerDocument& document) {
  if (!document.agents.empty()) return std::nullopt;
  const auto told = connection.ask_for<AgentPrograms>(AskAgentPrograms{});
  if (!told) return told.error();
  document.agents = told->programs;
  if (document.agents.empty()) {
    refuse(
        "the head has no agent to hand out: install the package pq-head there or start pqd with "
        "--agents-dir, or "
        "give --agent-url and --agent-sha256");
  }
  if (document.agent_url.empty()) document.agent_url = url_at_head(document.head_endpoint, told->http);
  for (const AgentProgram& agent : document.agents) {
    if (!is_architecture(agent.arch)) return strange_answer("an agent for " + printable(agent.arch));
  }
  return std::nullopt;
}

void warn_of_missing(Screen& screen, const WorkerDocument& document) {
  for (const std::string_view arch : {"x86_64", "aarch64"}) {
    const bool is_there = std::any_of(document.agents.begin(), document.agents.end(),
                                      [&](const AgentProgram& agent) { return agent.arch == arch; });
    if (!is_there)
      screen.say(fmt::format("there is no agent for {}: such a machine would end at once", arch));
  }
}

Outcome run_agent(const Invocation& call) {
  const KeyWish wish = parse_key_wish(call.arguments, Role::agent);
  WorkerDocument document = parse_document(call.arguments, wish);
  Connection connection(call.shared, call.screen);
  if (auto failure = ask_for_agents(connection, document)) return tl::unexpected(std::move(*failure));
  // The key is created last, so that a refused command leaves none behind.
  document.token = "pq1_" + std::string(2 * (72 + wish.address->size()), '0');
  check_size(cloud_config(document));
  const auto key = make_key(connection, wish);
  if (!key) return tl::unexpected(key.error());
  document.token = key->token;
  warn_of_missing(call.screen, document);
  call.screen.say(fmt::format("machines that start with this document join {} as {}{}; it holds a secret",
                              *wish.address, wish.name,
                              key->expires_unix_ms ? ", until " + utc_text(*key->expires_unix_ms) : ""));
  print_document(call, {.role = MachineRole::agent,
                        .key_name = wish.name,
                        .head = *wish.address,
                        .expires_unix_ms = key->expires_unix_ms,
                        .document = cloud_config(document)});
  return ExitStatus::done;
}

// ---------------------------------------------------------------- the head's

// What the name of a package says about it, by the conventions of all package tools.
Package parse_package(const std::string& url, const std::string& hash) {
  const std::string path =
      url.substr(0, url.find_first_of("?#"));  // a presigned URL goes on with its signature
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  Package package{.format = {},
                  .arch = {},
                  .sha256 = parse_hash("package-sha256", hash),
                  .url = parse_url("package-url", url)};
  if (name.ends_with(".deb")) package.format = "deb";
  if (name.ends_with(".rpm")) package.format = "rpm";
  if (has("amd64") || has("x86_64")) package.arch = "x86_64";
  if (has("arm64") || has("aarch64")) package.arch = "aarch64";
  if (package.format.empty() || package.arch.empty()) {
    refuse(fmt::format(
        "--package-url {} does not tell what it is: its name ends in .deb or .rpm and has amd64, x86_64, "
        "arm64 or aarch64 in it",
        url));
  }
  return package;
}

std::string parse_device(const Arguments& arguments) {
  const auto text = arguments.value("device");
  if (!text) {
    refuse(
        "--device is missing: the volume that the state is on, as an EBS volume's id (vol-…) or a path such "
        "as "
        "/dev/disk/by-id/…");
  }
  plain("device", *text);
  if (text->starts_with("/dev/")) return *text;
  const bool is_volume = text->starts_with("vol-") && text->size() > 4 &&
                         text->find_first_not_of("0123456789abcdef", 4) == std::string::npos;
  if (is_volume) return "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol" + text->substr(4);
  refuse(fmt::format("--device {} is neither a volume's id (vol-…) nor a path in /dev", *text));
}

Outcome run_head(const Invocation& call) {
  const Arguments& arguments = call.arguments;
  HeadDocument document{
      .device = parse_device(arguments),
      .settings = {{"PQD_LISTEN", plain("listen", arguments.value("listen").value_or("tcp://0.0.0.0:7700"))},
                   {"PQD_AGENTS_HTTP",
                    plain("agents-http", arguments.value("agents-http").value_or("0.0.0.0:7702"))}},
      .packages = {}};
  if (const auto http = arguments.value("http"))
    document.settings.push_back({"PQD_HTTP", plain("http", *http)});
  const std::string listen = parse_address("--listen", document.settings[0].value);
  if (is_local(listen) && !is_wildcard(listen)) {
    refuse(fmt::format(
        "--listen {} serves the head's own machine only, and no worker: give tcp://0.0.0.0:7700", listen));
  }
  for (const char* flag : {"http", "agents-http"}) {
    const auto address = arguments.value(flag);
    if (address && *address != "none" && !is_address("tcp://" + *address))
      refuse(fmt::format("--{} {} is not HOST:PORT", flag, *address));
  }
  const auto urls = arguments.values("package-url");
  const auto hashes = arguments.values("package-sha256");
  if (urls.size() != hashes.size()) {
    refuse(fmt::format(
        "--package-url is there {} times and --package-sha256 {}: give one hash for each, in the same order",
        urls.size(), hashes.size()));
  }
  for (std::size_t i = 0; i < urls.size(); ++i)
    document.packages.push_back(parse_package(urls[i], hashes[i]));
  if (urls.empty()) {
    call.screen.say(
        "no --package-url: the image that the machine starts from must have the package pq-head in it");
  }
  const std::string text = cloud_config(document);
  check_size(text);
  print_document(call, {.role = MachineRole::head, .device = document.device, .document = text});
  return ExitStatus::done;
}

// ---------------------------------------------------------------- both

const std::vector<Flag>& flags_of_agent() {
  static const std::vector<Flag> flags = {
      {"address", "tcp://HOST:PORT", "agent: where the new machines reach the head"},
      {"name", "NAME", "agent: the name of the key that is made (default agent and four random digits)"},
      {"expires", "7d", "agent: the key expires after this time (default: never)"},
      {"slots", "N", "agent: units of parallel work (default: the machine's cores)"},
      {"allow-exec", "", "agent: let jobs run any program there"},
      {"idle-exit", "5m", "agent: exit after this time without work (default: never)"},
      {"head-timeout", "10m", "agent: exit after this time without a message from the head"},
      {"label", "KEY=VALUE", "agent: a label that jobs can require; may be repeated"},
      {"interruption", "auto|ec2|gcp|azure|none", "agent: the cloud whose notices count (default auto)"},
      {"agent-url", "URL",
       "agent: where the machine fetches its agent (default: from the head); {arch} in it is x86_64 or "
       "aarch64"},
      {"agent-sha256", "ARCH=HEX", "agent: the SHA-256 of what is there (default: of the head's own agents)"},
      {"keep-running", "", "agent: do not power the machine off when its agent has ended for good"}};
  return flags;
}

const std::vector<Flag>& flags_of_head() {
  static const std::vector<Flag> flags = {
      {"device", "vol-ID|/dev/…", "head: the volume that the state is on; formatted only if it is empty"},
      {"package-url", "URL",
       "head: a package to install, .deb or .rpm; once for each that some machine needs"},
      {"package-sha256", "HEX", "head: the SHA-256 of the package, once for each of them"},
      {"listen", "tcp://HOST:PORT", "head: where agents and clients reach it (default tcp://0.0.0.0:7700)"},
      {"agents-http", "HOST:PORT", "head: where machines fetch their agent (default 0.0.0.0:7702)"},
      {"http", "HOST:PORT", "head: where the queue is shown (default: on the machine itself alone)"}};
  return flags;
}

void refuse_flags_of_others(const Arguments& arguments, const std::vector<Flag>& others,
                            std::string_view owner) {
  for (const Flag& flag : others) {
    if (arguments.is_typed(flag.name))
      refuse(fmt::format("--{} goes with pq-user-data {}", flag.name, owner));
  }
}

Outcome run_user_data(const Invocation& call) {
  const std::string& what = call.arguments.words_named({"agent or head"})[0];
  if (what == "agent") {
    refuse_flags_of_others(call.arguments, flags_of_head(), "head");
    return run_agent(call);
  }
  if (what == "head") {
    refuse_flags_of_others(call.arguments, flags_of_agent(), "agent");
    return run_head(call);
  }
  refuse(fmt::format("\"{}\" is neither agent nor head", what));
}

}  // namespace

Command user_data() {
  std::vector<Flag> flags = flags_of_agent();
  flags.insert(flags.end(), flags_of_head().begin(), flags_of_head().end());
  return {
      .name = "user-data",
      .usage = client_usage(
          {.program = "pq-user-data",
           .synopsis = "agent --address tcp://HOST:PORT [FLAGS] | head --device DEVICE [FLAGS]",
           .purpose = "prints the cloud-init document with which a new machine becomes a worker, or the head",
           .flags = std::move(flags),
           .words = {{"", {"agent", "head"}}}}),
      .run = run_user_data};
}

}  // namespace pq::commands
