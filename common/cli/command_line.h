// Command lines of every program of pq. Each flag has an environment twin: the program's prefix and the
// flag's name in capitals (--state-dir is PQ_STATE_DIR, or PQD_STATE_DIR for pqd). The command line wins. A
// mistake throws an EnvironmentError with ExitStatus::usage.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/errors.h"

namespace pq::cli {

// Throws: the command line is wrong, and the text says why. It may quote what was typed as it is.
[[noreturn]] void refuse(const std::string& text);

struct Flag {
  std::string name;      // "state-dir": --state-dir, PQ_STATE_DIR
  std::string argument;  // "DIR"; empty for a switch
  std::string meaning;
  std::string letter = {};               // "f": also -f
  std::vector<std::string> values = {};  // all that it can be, where `argument` does not list them as a|b|c
};

// Words on a command line that are not flags, for completion.
struct WordChoice {
  std::string after;  // the word before these; empty: the program
  std::vector<std::string> words;
};

struct StatusMeaning {
  ExitStatus status;
  std::string meaning;
};

// What --help prints for a program, and what its command line may hold.
struct Usage {
  std::string program;   // "pq-submit"
  std::string synopsis;  // after the program: "--range A:B [FLAGS]", or several such between " | "
  std::string purpose;
  std::string description = {};  // more of it, in lines of at most 108 columns; or nothing
  std::vector<Flag> flags = {};
  std::vector<Flag> shared_flags =
      {};  // of all programs of a family, listed apart; --help and --version are added
  std::string twin_prefix = "PQ_";
  std::vector<StatusMeaning> statuses = {};
  int section = 1;  // of the manual
  std::vector<WordChoice> words = {};
  bool runs_program = false;  // behind a `--`
  // Programs that can also be called by a word after this one: "pq-submit" is `pq submit`.
  std::vector<std::shared_ptr<const Usage>> commands = {};
};

// --help and --version.
const std::vector<Flag>& flags_of_every_program();

// Everything that --help lists, in its order.
std::vector<Flag> all_flags(const Usage& usage);

// PQ_STATE_DIR; nullopt for a question about the program itself, which has no twin.
std::optional<std::string> twin_of(const Usage& usage, const Flag& flag);

// One command line, with the environment behind it.
class Arguments {
 public:
  Arguments(const Usage& usage, const std::vector<std::string>& command_line);

  bool has(const std::string& flag) const { return values_.contains(flag); }

  // If a flag is given several times, the last one.
  std::optional<std::string> value(const std::string& flag) const;

  // All values of a flag, in order. The environment twin is one.
  std::vector<std::string> values(const std::string& flag) const;

  // Whether the flag is on the command line itself; its twin does not count.
  bool is_typed(const std::string& flag) const { return typed_.contains(flag); }

  // Arguments that are not flags, in order.
  const std::vector<std::string>& words() const { return words_; }

  // The same, with one argument for each of `names`. The error names a missing one.
  const std::vector<std::string>& words_named(const std::vector<std::string>& names) const;

  // The words after a `--`; nullopt: there is no `--`.
  const std::optional<std::vector<std::string>>& program() const { return program_; }

 private:
  std::map<std::string, std::vector<std::string>> values_;  // by flag; of a switch only its presence counts
  std::set<std::string> typed_;
  std::vector<std::string> words_;
  std::optional<std::vector<std::string>> program_;
};

// The text of --help or --version, if one was asked for. Or of --help-as, which --help does not list and
// package builds use: a page of common/cli/pages.h.
std::optional<std::string> answer_about_itself(const Usage& usage, const Arguments& arguments);

// Whether this switch is on, on the command line or by its twin. For what must be known before the rest is
// parsed.
bool is_switched_on(const Usage& usage, const std::string& switch_name,
                    const std::vector<std::string>& command_line);

}  // namespace pq::cli
