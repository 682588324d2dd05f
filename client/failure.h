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

}  // namespace pq
