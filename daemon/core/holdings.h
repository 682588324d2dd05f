// What the jobs of each submitter that have not ended have: how many they are, and the bytes of the files
// that they name and of the output that is collected of them. A file that two jobs name counts for both.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/values/ids.h"
#include "daemon/core/jobs.h"

namespace pq::core {

class Holdings {
 public:
  struct Sum {
    std::uint64_t jobs = 0;
    std::uint64_t bytes = 0;
  };

  // The job as it is now: new, changed or ended.
  void note(const Job& job);
  Sum of(const std::string& submitter) const;

  // Whether all sums are those of these jobs.
  bool is_right(const std::map<JobId, Job>& jobs) const;

 private:
  struct Noted {
    std::uint64_t file_bytes = 0;  // they never change
    std::uint64_t output_bytes = 0;
  };

  std::map<std::string, Sum> sums_;  // of those that have jobs
  std::map<JobId, Noted> noted_;     // jobs that have not ended
};

// Of all files that the program needs.
std::uint64_t bytes_of_files(const JobSpec& spec);

}  // namespace pq::core
