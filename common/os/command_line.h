// Command lines of every program of pq. Each flag has an environment twin, the program's prefix and the
// flag's name in capitals (--state-dir is PQ_STATE_DIR, or PQD_STATE_DIR for pqd); the command line wins.
// Whatever does not make sense is thrown as an EnvironmentError with ExitStatus::usage.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/errors.h"

namespace pq {

// The command line does not make sense, and the text says why.
[[noreturn]] void refuse(const std::string& text);

struct Flag {
  std::string name;      // "state-dir": --state-dir, PQ_STATE_DIR
  std::string argument;  // "DIR"; empty for a switch
  std::string meaning;
  std::string letter = {};               // "f": also -f
  std::vector<std::string> values = {};  // all that it can be, where `argument` does not list them as a|b|c
};

// Words that stand on a command line and are no flags, for those who complete it.
struct WordChoice {
  std::string after;  // the word before; empty: the program
  std::vector<std::string> words;
};

struct StatusMeaning {
  ExitStatus status;
  std::string meaning;
};

// What --help says of a program, and what its command line may hold.
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
  bool runs_program = false;         // behind a `--`
  std::vector<Usage> commands = {};  // that are also words after this program: "pq-submit" of `pq submit`
};

// --help and --version.
const std::vector<Flag>& flags_of_every_program();

// All that --help lists, in its order.
std::vector<Flag> all_flags(const Usage& usage);

// PQ_STATE_DIR; nullopt of a question about the program itself, which is asked on the command line only.
std::optional<std::string> twin_of(const Usage& usage, const Flag& flag);

// One command line, with the environment behind it.
class Arguments {
 public:
  Arguments(const Usage& usage, const std::vector<std::string>& command_line);

  bool has(const std::string& flag) const { return values_.contains(flag); }

  // Of a flag that is given several times, the last one.
  std::optional<std::string> value(const std::string& flag) const;

  // All of them, in order. The environment twin is one.
  std::vector<std::string> values(const std::string& flag) const;

  // On the command line itself, not by its twin.
  bool is_typed(const std::string& flag) const { return typed_.contains(flag); }

  // What is no flag, in order.
  const std::vector<std::string>& words() const { return words_; }

  // The same, as many as `names`; a missing one is asked for by its name.
  const std::vector<std::string>& words_named(const std::vector<std::string>& names) const;

  // The words after a `--`; nullopt: there is none.
  const std::optional<std::vector<std::string>>& program() const { return program_; }

 private:
  std::map<std::string, std::vector<std::string>> values_;  // by flag; of a switch only its presence counts
  std::set<std::string> typed_;
  std::vector<std::string> words_;
  std::optional<std::vector<std::string>> program_;
};

// The text of --help or --version, if either was asked for; or of --help-as, which --help does not list and
// which builds of packages ask: a page of common/os/pages.h.
std::optional<std::string> answer_about_itself(const Usage& usage, const Arguments& arguments);

// Is this switch on, on the command line or by its twin? For what must be known before the rest is
// understood.
bool is_switched_on(const Usage& usage, const std::string& switch_name,
                    const std::vector<std::string>& command_line);

}  // namespace pq
