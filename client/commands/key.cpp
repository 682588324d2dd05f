#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "common/errors.h"
#include "common/json.h"
#include "common/net/keys.h"
#include "common/os/random.h"
#include "common/text.h"

namespace pq::commands {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw EnvironmentError(text, ExitStatus::usage); }

struct Wish {
  Role role = Role::agent;
  std::string name;
  std::optional<std::string> address;
};

Wish parse_wish(const Arguments& arguments) {
  const auto& words = arguments.words_named({"new", "the role: agent, operator or viewer"});
  if (words[0] != "new") refuse(fmt::format("\"{}\" is not new", printable(words[0])));
  const auto role = parse_role(words[1]);
  if (!role) refuse(fmt::format("\"{}\" is not a role: give agent, operator or viewer", printable(words[1])));
  Wish wish{.role = *role, .name = fmt::format("{}-{:04x}", words[1], random_bits() & 0xFFFF), .address = {}};
  if (const auto name = arguments.value("name")) wish.name = parse_name("--name", *name);
  // A line of authorized_keys is words with spaces between.
  if (wish.name.find(' ') != std::string::npos) refuse("--name of a key holds a space: use - instead");
  if (const auto address = arguments.value("address")) wish.address = parse_address("--address", *address);
  return wish;
}

// Whether an address means something to this machine only.
bool is_local(const std::string& endpoint) {
  for (const std::string_view host : {"127.", "localhost:", "[::1]:", "0.0.0.0:", "[::]:", "*:"}) {
    if (endpoint.starts_with("tcp://" + std::string(host))) return true;
  }
  return false;
}

void advise(Screen& screen, const Wish& wish, const std::string& endpoint) {
  screen.say(fmt::format("{} may now speak as {} to {}; whoever has this token may, so keep it secret",
                         wish.name, to_text(wish.role), endpoint));
  screen.say(wish.role == Role::agent ? "start an agent with: pq-agent --join TOKEN"
                                      : "keep it in a file that only its owner can read (chmod 600), and "
                                        "pass that to any command with --key FILE");
  if (is_local(endpoint)) {
    screen.say(
        fmt::format("{} serves this machine only; for others pass --address tcp://HOST:PORT", endpoint));
  }
}

// The secret is made here and stays with its owner: the head hears of the public key alone.
Outcome run(const Invocation& call) {
  const Wish wish = parse_wish(call.arguments);
  const KeyPair keys = new_key_pair();
  Connection connection(call.shared, call.screen);
  const auto authorized = connection.ask_for<Authorized>(
      Authorize{.role = wish.role, .public_key = keys.public_key, .name = wish.name});
  if (!authorized) return tl::unexpected(authorized.error());
  const Credentials& used = connection.credentials();
  const std::string endpoint = wish.address.value_or(used.head_endpoint);
  const std::string token = to_text(JoinToken{
      .head_endpoint = endpoint, .head_public_key = used.head_public_key, .secret_key = keys.secret_key});
  advise(call.screen, wish, endpoint);
  if (call.shared.json) {
    print(to_line({{"schema", "pq.key/1"},
                   {"role", to_text(wish.role)},
                   {"name", wish.name},
                   {"head", endpoint},
                   {"public_key", keys.public_key},
                   {"token", token}}));
  } else {
    print(token);
  }
  return ExitStatus::done;
}

}  // namespace

Command key() {
  return {.name = "key",
          .usage = client_usage("pq-key", "new agent|operator|viewer [FLAGS]",
                                "makes a key for another machine or person and prints it as a join token",
                                {{"name", "NAME", "the key's name (default the role and four random digits)"},
                                 {"address", "tcp://HOST:PORT", "where its owner reaches the head"}}),
          .run = run};
}

}  // namespace pq::commands
