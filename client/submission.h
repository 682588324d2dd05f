// The job that a command line of pq-submit describes. A mistake throws an EnvironmentError with
// ExitStatus::usage.
#pragma once

#include <string>
#include <vector>

#include "client/local_file.h"
#include "client/options.h"
#include "client/screen.h"
#include "common/values/job.h"

namespace pq::client {

struct Submission {
  JobSpec spec;
  std::vector<LocalFile> files;  // that must be at the head before it is submitted
};

// The flags of pq-submit that describe the job.
std::vector<Flag> submission_flags();

// Whether it runs a program of the user's. Then --timeout limits a run.
bool runs_program(const Arguments& arguments);

// Reads the files that are sent with it. Reports on the screen what was added without being asked for.
Submission read_submission(const Arguments& arguments, Screen& screen);

}  // namespace pq::client
