#include <fmt/format.h>

#include <string>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/new_key.h"
#include "client/output.h"
#include "client/shown.h"
#include "common/report/json_writer.h"
#include "common/values/text.h"
#include "common/values/utc_time.h"

namespace pq::commands {
namespace {

KeyWish parse_wish(const Arguments& arguments) {
  const auto& words = arguments.words_named({"new", "the role: agent, operator or viewer"});
  const auto role = parse<Role>(words[1]);
  if (!role) refuse(fmt::format("\"{}\" is not a role: give agent, operator or viewer", words[1]));
  return parse_key_wish(arguments, *role);
}

void advise(Screen& screen, const KeyWish& wish, const NewKey& key) {
  const std::string& endpoint = key.head_endpoint;
  const std::string until =
      key.expires_unix_ms ? fmt::format(", until {}", utc_text(*key.expires_unix_ms)) : "";
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

Outcome run_new(const Invocation& call) {
  const KeyWish wish = parse_wish(call.arguments);
  Connection connection(call.shared, call.screen);
  const auto key = make_key(connection, wish);
  if (!key) return tl::unexpected(key.error());
  advise(call.screen, wish, *key);
  if (call.shared.json) {
    print(to_line(JsonWriter::object_of(NewKeyAnswer{wish, *key})));
  } else {
    print(key->token);
  }
  return ExitStatus::done;
}

Outcome list_keys(const Invocation& call) {
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
    call.screen.say(fmt::format("{} {} is no longer valid; {} that used it {} now", to_text(key.role),
                                key.name, count_of(key.agents, "agent"), key.agents == 1 ? "ends" : "end"));
  }
  if (call.shared.json) print(to_line(to_json(*report)));
  return ExitStatus::done;
}

Outcome run_key(const Invocation& call) {
  const auto& words = call.arguments.words();
  const std::string what = words.empty() ? "" : words.front();
  const bool is_new = what == "new";
  for (const char* flag : {"name", "address", "expires"}) {
    if (!is_new && call.arguments.is_typed(flag)) refuse(fmt::format("--{} goes with pq-key new", flag));
  }
  if (is_new) return run_new(call);
  if (what == "revoke") return run_revoke(call);
  if (what == "list" && words.size() == 1) return list_keys(call);
  if (what == "list") refuse(fmt::format("\"{}\" is an unexpected argument", words[1]));
  refuse(words.empty() ? "say new, list or revoke"
                       : fmt::format("\"{}\" is none of new, list and revoke", what));
}

}  // namespace

Command key() {
  return {.name = "key",
          .usage = client_usage(
              {.program = "pq-key",
               .synopsis = "new agent|operator|viewer [FLAGS] | list | revoke NAME",
               .purpose = "makes a key for another machine or person and prints it as a join token; lists "
                          "the keys, or revokes one within a second",
               .description = "A public key that begins with - goes behind --: pq-key revoke -- KEY.",
               .flags = {{"name", "NAME", "the new key's name (default the role and four random digits)"},
                         {"address", "tcp://HOST:PORT", "where its owner reaches the head"},
                         {"expires", "7d", "the new key expires after this time (default: never)"}},
               .words = {{"", {"new", "list", "revoke"}}, {"new", {"agent", "operator", "viewer"}}}}),
          .run = run_key};
}

}  // namespace pq::commands
