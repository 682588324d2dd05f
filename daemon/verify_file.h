// pqd --verify: checks in a database file, without a head, what pq-verify asks a head to check.
#pragma once

#include <filesystem>
#include <optional>

#include "common/values/errors.h"
#include "common/values/ids.h"

namespace pq::daemon {

struct FileToVerify {
  std::filesystem::path file;
  std::optional<JobId> job;  // nullopt: all of them
  bool json = false;
};

// Prints the findings. Returns failed if a check fails, or no_such_job. Throws EnvironmentError if the file
// cannot be read.
ExitStatus verify_file(const FileToVerify& asked);

}  // namespace pq::daemon
