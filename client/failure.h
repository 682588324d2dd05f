// Why a command ends without its result: the exit status for the shell, the word for programs, the sentence
// for people. Commands return it, and only main prints it.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "common/values/errors.h"

namespace pq::client {

struct Failure {
  ExitStatus status = ExitStatus::failed;
  std::string word;  // the word in --json: of the protocol, or of the client
  std::string text;
  friend bool operator==(const Failure&, const Failure&) = default;
};

// The result of a command.
using Outcome = tl::expected<ExitStatus, Failure>;

// The head has refused.
Failure failure_of(const Refusal& refusal);

// The environment failed, or the command line is wrong.
Failure failure_of(const EnvironmentError& error);

// The exit status for several jobs, the worst one first: the head is away, a job is missing, a job failed, a
// job was cancelled.
ExitStatus worse_of(ExitStatus left, ExitStatus right);

// For commands that Ctrl-C is meant to end: that is then no failure to print.
Outcome quiet_if_interrupted(const Outcome& outcome);

// The failure concerns the head or the asker, not one job or agent: asking about the next one is useless.
bool concerns_all(const Failure& failure);

}  // namespace pq::client
