// What a command line of pq-submit asks for. What does not make sense is thrown as an EnvironmentError with
// ExitStatus::usage.
#pragma once

#include <string>
#include <vector>

#include "client/local_file.h"
#include "client/options.h"
#include "client/screen.h"
#include "common/job.h"

namespace pq {

struct Submission {
  JobSpec spec;
  std::vector<LocalFile> files;  // that must be at the head before it is submitted
};

// The flags of pq-submit that describe the job.
std::vector<Flag> submission_flags();

// Whether it is a program of the user's that shall run. Then --timeout is of a run.
bool runs_program(const Arguments& arguments);

// Reads the files that travel with it. Says on the screen what was not asked for.
Submission read_submission(const Arguments& arguments, Screen& screen);

}  // namespace pq
