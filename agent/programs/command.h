// A job's command and its environment, as execve(2) takes them: prepared once, and changed for each run only
// where runs differ.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/programs/outbox.h"
#include "common/protocol/messages.h"

namespace pq::programs {

// The values that differ from run to run.
struct RunFacts {
  RunName name;
  std::optional<std::string_view> item;  // of a list
  std::uint64_t number = 0;              // of the programs that this slot has started
};

// The agent and slot that run the programs.
struct CommandOwner {
  std::string mark;  // of this agent, in the environment of whatever it starts
  std::uint32_t slot = 0;
};

class ProgramCommand {
 public:
  // `environment`: NAME=VALUE words with which every program here begins. `secrets`: where those of the job
  // are; empty: it has none. REQUIRES: `order` has a program.
  ProgramCommand(const JobOrder& order, const std::vector<std::string>& environment,
                 const CommandOwner& owner, const std::filesystem::path& secrets = {});
  ProgramCommand(const ProgramCommand&) = delete;
  ProgramCommand& operator=(const ProgramCommand&) = delete;

  // `directory`: the working directory.
  void set(const RunFacts& run, const std::filesystem::path& directory);

  // Valid until the next set().
  char* const* arguments() { return argument_words_.data(); }
  char* const* environment() { return environment_words_.data(); }

  // Every run is of the same program.
  bool is_of_one_program() const { return !has_places_.front(); }

  // Where the program is, seen from `directory`. The error is written for the person who gave the command.
  tl::expected<std::string, std::string> find(int directory) const;

  // Why the program that find() found could not be started.
  std::string flaw(int directory, int error) const;

 private:
  // The variables that each run sets.
  enum Variable { lo, hi, lease, attempt, run, pwd, item, variables };

  void set_variable(Variable which, std::string_view value);

  std::uint32_t slot_;
  std::vector<std::string> words_;      // as given
  std::vector<std::string> arguments_;  // with their places filled
  std::vector<bool> has_places_;
  std::vector<char*> argument_words_;

  std::vector<std::string> fixed_;
  std::array<std::string, variables> varied_;
  std::vector<char*> environment_words_;
  std::size_t first_varied_ = 0;

  std::string search_path_;
  std::vector<std::string> file_names_;
};

}  // namespace pq::programs
