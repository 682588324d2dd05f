// Why a command ends without what it was asked for: the status for the shell, the word for programs, the
// sentence for people. Commands answer one; main alone prints it.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "common/errors.h"

namespace pq {

struct Failure {
  ExitStatus status = ExitStatus::failed;
  std::string word;  // what --json calls it: a word of the protocol, or one of the client's own
  std::string text;
  friend bool operator==(const Failure&, const Failure&) = default;
};

// How a command ends.
using Outcome = tl::expected<ExitStatus, Failure>;

// The head said no.
Failure failure_of(const Refusal& refusal);

// The surroundings said no, or the command line does not make sense.
Failure failure_of(const EnvironmentError& error);

// What a shell is told of several jobs: that the head is away is worse than a job that is not there, that
// than a failed one, that than a cancelled one.
ExitStatus worse_of(ExitStatus left, ExitStatus right);

// Of what is meant to end by Ctrl-C: that then is no failure to be told.
Outcome quiet_if_interrupted(const Outcome& outcome);

// Of the head or of whoever asks it, and not of one job or agent: asking about the next one is in vain.
bool concerns_all(const Failure& failure);

}  // namespace pq
