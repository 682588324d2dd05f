// pq: all client commands in one program. Its own name selects the command: pq-submit, or `pq submit`.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "client/commands/commands.h"
#include "common/os/log.h"
#include "common/os/name_service.h"
#include "common/os/private_files.h"
#include "common/report/json.h"
#include "common/values/text.h"
#include "common/version.h"

namespace pq::client {
namespace {

using Words = std::vector<std::string>;

ExitStatus report(Screen& screen, const std::string& program, Failure failure, bool json) {
  if (failure.word == "usage") failure.text += fmt::format("; see {} --help", program);
  screen.say(fmt::format("{}: {}", program, failure.text));
  try {
    if (json) print(to_line(error_json(failure.word, failure.text)));
  } catch (const EnvironmentError&) {  // stderr has its message already
  }
  return failure.status;
}

Outcome run(const Command& command, const Words& command_line, Screen& screen) {
  const Arguments arguments(command.usage, command_line);
  if (const auto answer = answer_about_itself(command.usage, arguments)) {
    print(*answer);
    return ExitStatus::done;
  }
  const SharedOptions shared = read_shared_options(arguments);
  set_up_log(command.usage.program, shared.log_level);
  return command.run(
      {.program = command.usage.program, .arguments = arguments, .shared = shared, .screen = screen});
}

ExitStatus run_and_report(const Command& command, const Words& command_line) {
  Screen screen;
  // Parsed before the rest, because even an error in the command line must be reported as JSON.
  const bool json = is_switched_on(command.usage, "json", command_line);
  try {
    const Outcome outcome = run(command, command_line, screen);
    return outcome ? *outcome : report(screen, command.usage.program, outcome.error(), json);
  } catch (const EnvironmentError& error) {
    return report(screen, command.usage.program, failure_of(error), json);
  }
}

// Describes `pq` itself: the list of commands.
Usage own_usage() {
  Usage usage{
      .program = "pq", .synopsis = "COMMAND [FLAGS]", .purpose = "a job queue over ranges of integers"};
  usage.description = "Each command is a program, and also a word after pq: pq submit is pq-submit.";
  for (Command& command : all_commands())
    usage.commands.push_back(std::make_shared<const Usage>(std::move(command.usage)));
  return usage;
}

std::string introduction(const Usage& usage) {
  std::string text = fmt::format("pq {}: {}\n\n", program_version, usage.purpose);
  for (const auto& command : usage.commands)
    text += fmt::format("  {:<12} {}\n", command->program, command->purpose);
  return text + "\nEach explains itself with --help, and is also a word after pq: pq submit is pq-submit.";
}

ExitStatus introduce(const Words& command_line) {
  const std::string word = command_line.empty() ? "--help" : command_line.front();
  if (word == "--help" || word == "-h") {
    print(introduction(own_usage()));
    return ExitStatus::done;
  }
  if (word.starts_with("--")) {
    const Command itself{"", own_usage(),
                         [](const Invocation&) -> Outcome { refuse("the command is missing"); }};
    return run_and_report(itself, command_line);
  }
  Screen screen;
  const Failure failure{ExitStatus::usage, "usage", fmt::format("\"{}\" is not a command", printable(word))};
  return report(screen, "pq", failure, is_switched_on({}, "json", command_line));
}

ExitStatus dispatch(const std::string& called_as, Words words) {
  for (const Command& command : all_commands()) {
    if (called_as == command.usage.program) return run_and_report(command, words);
  }
  for (const Command& command : all_commands()) {
    if (!words.empty() && words.front() == command.name) {
      words.erase(words.begin());
      return run_and_report(command, words);
    }
  }
  return introduce(words);
}

ExitStatus run(int argc, char** argv) {
  const std::string called_as = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "pq";
  return dispatch(called_as, Words(argv + std::min(argc, 1), argv + argc));
}

}  // namespace
}  // namespace pq::client

int main(int argc, char** argv) {
  pq::os::keep_files_private();
  pq::os::set_up_name_service();
  return static_cast<int>(pq::client::run(argc, argv));
}
