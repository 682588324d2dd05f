#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "common/report/json.h"
#include "common/values/text.h"

namespace pq::commands {
namespace {

void tell(const Invocation& call, const AgentsReport& report) {
  if (call.shared.json) {
    print(to_line(to_json(report)));
  } else {
    std::string text = agents_table(report, colours(call));
    text.pop_back();
    print(text);
  }
}

Outcome list_agents(const Invocation& call) {
  Connection connection(call.shared, call.screen);
  const auto report = connection.ask_for<AgentsReport>(AskAgents{});
  if (!report) return tl::unexpected(report.error());
  tell(call, *report);
  return ExitStatus::done;
}

// Reports each agent that cannot be asked, and asks the others all the same.
Outcome drain_agents(const Invocation& call) {
  const auto& words = call.arguments.words();
  if (words.size() < 2) refuse("the agent's name is missing");
  const std::vector<std::string> names(words.begin() + 1, words.end());
  for (const std::string& name : names) parse_name("the agent's name", name);
  Connection connection(call.shared, call.screen);
  AgentsReport asked;
  ExitStatus worst = ExitStatus::done;
  for (const std::string& name : names) {
    const auto report = connection.ask_for<AgentsReport>(DrainAgent{.name = name});
    if (!report && (names.size() == 1 || concerns_all(report.error()))) return tl::unexpected(report.error());
    if (!report) {
      call.screen.say(fmt::format("{}: {}", call.program, report.error().text));
      worst = worse_of(worst, report.error().status);
      continue;
    }
    call.screen.say(fmt::format("agent {} drains: it ends after its present steps", name));
    asked.agents.insert(asked.agents.end(), report->agents.begin(), report->agents.end());
  }
  if (call.shared.json) print(to_line(to_json(asked)));
  return worst;
}

Outcome run_agents(const Invocation& call) {
  if (call.arguments.words().empty()) return list_agents(call);
  if (call.arguments.words().front() == "drain") return drain_agents(call);
  refuse(fmt::format("\"{}\" is not drain", call.arguments.words().front()));
}

}  // namespace

Command agents() {
  return {.name = "agents",
          .usage = client_usage({.program = "pq-agents",
                                 .synopsis = "[FLAGS] | drain NAME… [FLAGS]",
                                 .purpose = "lists the agents, or asks some to end after their present steps",
                                 .words = {{"", {"drain"}}}}),
          .run = run_agents};
}

}  // namespace pq::commands
