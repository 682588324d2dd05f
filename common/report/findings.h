// Findings of pq-verify as people read them: the same words from a head, and from pqd when it reads a file by
// itself.
#pragma once

#include <string>
#include <vector>

#include "common/protocol/messages.h"

namespace pq {

// Everything that was found in a database file.
struct FileVerification {
  std::string file;
  std::vector<Verification> jobs;
  std::vector<Finding> together;  // findings across jobs
};

bool all_hold(const FileVerification& verification);

// "ok      tiling: 3 spans cover 10000000:60000000 exactly once"
std::string finding_line(const Finding& finding);

// "job 7: all of 9 promises hold", or how many are broken and what to do: of `what` in general.
std::string verdict_line(const std::string& what, const std::vector<Finding>& findings);

}  // namespace pq
