// pq: all client commands in one program. The name that it is called by says which one: pq-submit, or `pq
// submit`.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "client/commands/commands.h"
#include "common/json.h"
#include "common/os/log.h"
#include "common/os/name_service.h"
#include "common/text.h"
#include "common/version.h"

namespace {

using Words = std::vector<std::string>;

pq::ExitStatus report(pq::Screen& screen, const std::string& program, pq::Failure failure, bool json) {
  if (failure.word == "usage") failure.text += fmt::format("; see {} --help", program);
  screen.say(fmt::format("{}: {}", program, failure.text));
  try {
    if (json) pq::print(pq::to_line(pq::error_json(failure.word, failure.text)));
  } catch (const pq::EnvironmentError&) {  // which stderr has been told of
  }
  return failure.status;
}

pq::Outcome run(const pq::Command& command, const Words& command_line, pq::Screen& screen) {
  const pq::Arguments arguments(command.usage, command_line);
  if (const auto answer = pq::answer_about_itself(command.usage, arguments)) {
    pq::print(*answer);
    return pq::ExitStatus::done;
  }
  const pq::SharedOptions shared = pq::read_shared_options(arguments);
  pq::set_up_log(command.usage.program, shared.log_level);
  return command.run(
      {.program = command.usage.program, .arguments = arguments, .shared = shared, .screen = screen});
}

pq::ExitStatus run_and_report(const pq::Command& command, const Words& command_line) {
  pq::Screen screen;
  // Known before the rest is understood, because a misunderstanding too is told in JSON.
  const bool json = pq::is_switched_on(command.usage, "json", command_line);
  try {
    const pq::Outcome outcome = run(command, command_line, screen);
    return outcome ? *outcome : report(screen, command.usage.program, outcome.error(), json);
  } catch (const pq::EnvironmentError& error) {
    return report(screen, command.usage.program, pq::failure_of(error), json);
  }
}

// `pq` itself: which commands there are.
pq::Usage own_usage() {
  pq::Usage usage{
      .program = "pq", .synopsis = "COMMAND [FLAGS]", .purpose = "a job queue over ranges of integers"};
  usage.description = "Each command is a program, and also a word after pq: pq submit is pq-submit.";
  for (pq::Command& command : pq::all_commands()) usage.commands.push_back(std::move(command.usage));
  return usage;
}

std::string introduction(const pq::Usage& usage) {
  std::string text = fmt::format("pq {}: {}\n\n", pq::program_version, usage.purpose);
  for (const pq::Usage& command : usage.commands)
    text += fmt::format("  {:<12} {}\n", command.program, command.purpose);
  return text + "\nEach tells more with --help, and is also a word after pq: pq submit is pq-submit.";
}

pq::ExitStatus introduce(const Words& command_line) {
  const std::string word = command_line.empty() ? "--help" : command_line.front();
  if (word == "--help" || word == "-h") {
    pq::print(introduction(own_usage()));
    return pq::ExitStatus::done;
  }
  if (word.starts_with("--")) {
    const pq::Command itself{
        "", own_usage(), [](const pq::Invocation&) -> pq::Outcome { pq::refuse("the command is missing"); }};
    return run_and_report(itself, command_line);
  }
  pq::Screen screen;
  const pq::Failure failure{pq::ExitStatus::usage, "usage",
                            fmt::format("\"{}\" is not a command", pq::printable(word))};
  return report(screen, "pq", failure, pq::is_switched_on({}, "json", command_line));
}

pq::ExitStatus dispatch(const std::string& called_as, Words words) {
  for (const pq::Command& command : pq::all_commands()) {
    if (called_as == command.usage.program) return run_and_report(command, words);
  }
  for (const pq::Command& command : pq::all_commands()) {
    if (!words.empty() && words.front() == command.name) {
      words.erase(words.begin());
      return run_and_report(command, words);
    }
  }
  return introduce(words);
}

}  // namespace

int main(int argc, char** argv) {
  pq::set_up_name_service();
  const std::string called_as = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "pq";
  return static_cast<int>(dispatch(called_as, Words(argv + std::min(argc, 1), argv + argc)));
}
