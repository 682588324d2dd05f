#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "common/json.h"
#include "common/text.h"

namespace pq::commands {
namespace {

void tell(const Invocation& call, const AgentsReport& report) {
  if (call.shared.json) {
    print(to_line(to_json(report)));
  } else {
    std::string text = agents_table(report, wants_colours(STDOUT_FILENO) ? Colours::ansi : Colours::none);
    text.pop_back();
    print(text);
  }
}

Outcome run_list(const Invocation& call) {
  Connection connection(call.shared, call.screen);
  const auto report = connection.ask_for<AgentsReport>(AskAgents{});
  if (!report) return tl::unexpected(report.error());
  tell(call, *report);
  return ExitStatus::done;
}

Outcome run_drain(const Invocation& call) {
  const auto& words = call.arguments.words_named({"drain", "the agent's name"});
  const std::string name = parse_name("the agent's name", words[1]);
  Connection connection(call.shared, call.screen);
  const auto report = connection.ask_for<AgentsReport>(DrainAgent{.name = name});
  if (!report) return tl::unexpected(report.error());
  call.screen.say(fmt::format("agent {} drains: it ends after its present steps", name));
  if (call.shared.json) print(to_line(to_json(*report)));
  return ExitStatus::done;
}

Outcome run(const Invocation& call) {
  if (call.arguments.words().empty()) return run_list(call);
  if (call.arguments.words().front() == "drain") return run_drain(call);
  refuse(fmt::format("\"{}\" is not drain", printable(call.arguments.words().front())));
}

}  // namespace

Command agents() {
  return {.name = "agents",
          .usage = client_usage("pq-agents", "[drain NAME] [FLAGS]",
                                "lists the agents, or asks one to end after its present steps"),
          .run = run};
}

}  // namespace pq::commands
