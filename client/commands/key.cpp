#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "common/duration.h"
#include "common/errors.h"
#include "common/json.h"
#include "common/net/keys.h"
#include "common/os/random.h"
#include "common/text.h"
#include "common/utc_time.h"

namespace pq::commands {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw EnvironmentError(text, ExitStatus::usage); }

struct Wish {
  Role role = Role::agent;
  std::string name;
  std::optional<std::string> address;
  std::optional<Duration> lasts;
};

Wish parse_wish(const Arguments& arguments) {
  const auto& words = arguments.words_named({"new", "the role: agent, operator or viewer"});
  const auto role = parse_role(words[1]);
  if (!role) refuse(fmt::format("\"{}\" is not a role: give agent, operator or viewer", printable(words[1])));
  Wish wish{.role = *role,
            .name = fmt::format("{}-{:04x}", words[1], random_bits() & 0xFFFF),
            .address = {},
            .lasts = {}};
  if (const auto name = arguments.value("name")) wish.name = parse_name("--name", *name);
  // A line of authorized_keys is words with spaces between.
  if (wish.name.find(' ') != std::string::npos) refuse("--name of a key holds a space: use - instead");
  if (const auto address = arguments.value("address")) wish.address = parse_address("--address", *address);
  if (const auto expires = arguments.value("expires")) {
    const auto lasts = parse_duration(*expires);
    if (!lasts) refuse("--expires: " + lasts.error());
    if (*lasts < std::chrono::seconds(1)) refuse("--expires is too short: give at least 1s");
    wish.lasts = *lasts;
  }
  return wish;
}

// Whether an address means something to this machine only.
bool is_local(const std::string& endpoint) {
  for (const std::string_view host : {"127.", "localhost:", "[::1]:", "0.0.0.0:", "[::]:", "*:"}) {
    if (endpoint.starts_with("tcp://" + std::string(host))) return true;
  }
  return false;
}

void advise(Screen& screen, const Wish& wish, const std::string& endpoint, const Authorized& authorized) {
  const std::string until =
      authorized.expires_unix_ms ? fmt::format(", until {}", utc_text(*authorized.expires_unix_ms)) : "";
  screen.say(fmt::format("{} may now speak as {} to {}{}; whoever has this token may, so keep it secret",
                         wish.name, to_text(wish.role), endpoint, until));
  screen.say(wish.role == Role::agent ? "start an agent with: pq-agent --join TOKEN"
                                      : "keep it in a file that only its owner can read (chmod 600), and "
                                        "pass that to any command with --key FILE");
  if (is_local(endpoint)) {
    screen.say(
        fmt::format("{} serves this machine only; for others pass --address tcp://HOST:PORT", endpoint));
  }
}

std::optional<std::uint64_t> milliseconds_of(const std::optional<Duration>& duration) {
  if (!duration) return std::nullopt;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count());
}

Json expires_json(const std::optional<UnixMs>& expires) { return expires ? Json(*expires) : Json(nullptr); }

// The secret is made here and stays with its owner: the head hears of the public key alone.
Outcome run_new(const Invocation& call) {
  const Wish wish = parse_wish(call.arguments);
  const KeyPair keys = new_key_pair();
  Connection connection(call.shared, call.screen);
  const auto authorized = connection.ask_for<Authorized>(Authorize{.role = wish.role,
                                                                   .public_key = keys.public_key,
                                                                   .name = wish.name,
                                                                   .lasts_ms = milliseconds_of(wish.lasts)});
  if (!authorized) return tl::unexpected(authorized.error());
  const Credentials& used = connection.credentials();
  const std::string endpoint = wish.address.value_or(used.head_endpoint);
  const std::string token = to_text(JoinToken{
      .head_endpoint = endpoint, .head_public_key = used.head_public_key, .secret_key = keys.secret_key});
  advise(call.screen, wish, endpoint, *authorized);
  if (call.shared.json) {
    print(to_line({{"schema", "pq.key/1"},
                   {"role", to_text(wish.role)},
                   {"name", wish.name},
                   {"head", endpoint},
                   {"public_key", keys.public_key},
                   {"expires_unix_ms", expires_json(authorized->expires_unix_ms)},
                   {"token", token}}));
  } else {
    print(token);
  }
  return ExitStatus::done;
}

Outcome run_list(const Invocation& call) {
  Connection connection(call.shared, call.screen);
  const auto report = connection.ask_for<KeysReport>(AskKeys{});
  if (!report) return tl::unexpected(report.error());
  if (call.shared.json) {
    print(to_line(to_json(*report)));
  } else {
    std::string text = keys_table(*report);
    text.pop_back();
    print(text);
  }
  return ExitStatus::done;
}

Outcome run_revoke(const Invocation& call) {
  const auto& words = call.arguments.words_named({"revoke", "the key's name, or the public key itself"});
  const std::string name = parse_name("the key's name", words[1]);
  Connection connection(call.shared, call.screen);
  const auto report = connection.ask_for<KeysReport>(RevokeKey{.name = name});
  if (!report) return tl::unexpected(report.error());
  for (const KeyReport& key : report->keys) {
    call.screen.say(fmt::format("{} {} is not valid any more; {} that used it {} now", to_text(key.role),
                                key.name, count_of(key.agents, "agent"), key.agents == 1 ? "ends" : "end"));
  }
  if (call.shared.json) print(to_line(to_json(*report)));
  return ExitStatus::done;
}

Outcome run(const Invocation& call) {
  const auto& words = call.arguments.words();
  const std::string what = words.empty() ? "" : words.front();
  const bool is_new = what == "new";
  for (const char* flag : {"name", "address", "expires"}) {
    if (!is_new && call.arguments.is_typed(flag)) refuse(fmt::format("--{} goes with pq-key new", flag));
  }
  if (is_new) return run_new(call);
  if (what == "revoke") return run_revoke(call);
  if (what == "list" && words.size() == 1) return run_list(call);
  if (what == "list") refuse(fmt::format("\"{}\" is one word too many", printable(words[1])));
  refuse(words.empty() ? "say new, list or revoke"
                       : fmt::format("\"{}\" is none of new, list and revoke", printable(what)));
}

}  // namespace

Command key() {
  return {
      .name = "key",
      .usage = client_usage("pq-key", "new agent|operator|viewer [FLAGS] | list | revoke NAME",
                            "makes a key for another machine or person and prints it as a join token; lists "
                            "the keys, or makes one worthless within a second",
                            {{"name", "NAME", "the new key's name (default the role and four random digits)"},
                             {"address", "tcp://HOST:PORT", "where its owner reaches the head"},
                             {"expires", "7d", "the new key is worthless after so long (default: never)"}}),
      .run = run};
}

}  // namespace pq::commands
