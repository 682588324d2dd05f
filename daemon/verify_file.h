// pqd --verify: proves from a database file what pq-verify asks a head for, without any head.
#pragma once

#include <filesystem>
#include <optional>

#include "common/errors.h"
#include "common/ids.h"

namespace pq {

struct FileToVerify {
  std::filesystem::path file;
  std::optional<JobId> job;  // nullopt: all of them
  bool json = false;
};

// Prints what it finds. failed: something does not hold; no_such_job. Throws EnvironmentError for a file that
// cannot be read.
ExitStatus verify_file(const FileToVerify& asked);

}  // namespace pq
