// What pq-verify has found out, as people read it: the same words from a head that was asked and from pqd
// that has read a file by itself.
#pragma once

#include <string>
#include <vector>

#include "common/messages.h"

namespace pq {

// All that a database file was found to hold.
struct FileVerification {
  std::string file;
  std::vector<Verification> jobs;
  std::vector<Finding> together;  // what goes across jobs
};

bool all_hold(const std::vector<Finding>& findings);
bool all_hold(const FileVerification& verification);

// "ok      tiling: 3 spans cover 10000000:60000000 exactly once"
std::string finding_line(const Finding& finding);

// "job 7: all of 9 promises hold", or how many are broken and what to do: of `what` in general.
std::string verdict_line(const std::string& what, const std::vector<Finding>& findings);

}  // namespace pq
