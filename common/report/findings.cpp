#include "common/report/findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/values/text.h"

namespace pq {

bool all_hold(const FileVerification& verification) {
  return all_hold(verification.together) &&
         std::all_of(verification.jobs.begin(), verification.jobs.end(),
                     [](const Verification& job) { return all_hold(job.findings); });
}

std::string finding_line(const Finding& finding) {
  return fmt::format("{:<6}  {}: {}", finding.holds ? "ok" : "BROKEN", printable(finding.invariant),
                     printable(finding.detail));
}

std::string verdict_line(const std::string& what, const std::vector<Finding>& findings) {
  const auto broken =
      std::count_if(findings.begin(), findings.end(), [](const Finding& f) { return !f.holds; });
  if (broken == 0) return fmt::format("{}: all of {} promises hold", what, findings.size());
  return fmt::format(
      "{}: {} of {} promises {} broken; do not trust its totals: keep the file, and restore a backup "
      "that pq-verify --offline finds whole",
      what, broken, findings.size(), broken == 1 ? "is" : "are");
}

}  // namespace pq
