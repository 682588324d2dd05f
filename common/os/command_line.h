// Command lines of every program of pq. Each flag has an environment twin, the program's prefix and the
// flag's name in capitals (--state-dir is PQ_STATE_DIR, or PQD_STATE_DIR for pqd); the command line wins.
// Whatever does not make sense is thrown as an EnvironmentError with ExitStatus::usage.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/errors.h"

namespace pq {

struct Flag {
  std::string name;      // "state-dir": --state-dir, PQ_STATE_DIR
  std::string argument;  // "DIR"; empty for a switch
  std::string meaning;
};

struct StatusMeaning {
  ExitStatus status;
  std::string meaning;
};

// What --help says of a program, and what its command line may hold.
struct Usage {
  std::string program;   // "pq-submit"
  std::string synopsis;  // after the program: "--range A:B [FLAGS]"
  std::string purpose;
  std::vector<Flag> flags = {};
  std::vector<Flag> shared_flags =
      {};  // of all programs of a family, listed apart; --help and --version are added
  std::string twin_prefix = "PQ_";
  std::vector<StatusMeaning> statuses = {};
};

// One command line, with the environment behind it.
class Arguments {
 public:
  Arguments(const Usage& usage, const std::vector<std::string>& command_line);

  bool has(const std::string& switch_name) const { return values_.contains(switch_name); }
  std::optional<std::string> value(const std::string& flag) const;

  // What is no flag, in order.
  const std::vector<std::string>& words() const { return words_; }

  // The same, as many as `names`; a missing one is asked for by its name.
  const std::vector<std::string>& words_named(const std::vector<std::string>& names) const;

  // A `--` and a program after it.
  bool has_program() const { return has_program_; }

 private:
  std::map<std::string, std::string> values_;  // by flag; of a switch only its presence counts
  std::vector<std::string> words_;
  bool has_program_ = false;
};

// The text of --help or --version, if either was asked for.
std::optional<std::string> answer_about_itself(const Usage& usage, const Arguments& arguments);

// Is this switch on, on the command line or by its twin? For what must be known before the rest is
// understood.
bool is_switched_on(const Usage& usage, const std::string& switch_name,
                    const std::vector<std::string>& command_line);

}  // namespace pq
