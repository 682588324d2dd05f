#include "common/protocol/messages.h"

#include <algorithm>

#include "common/values/check.h"
#include "common/values/utc_time.h"

namespace pq {

bool is_meant(Meant which, JobState state, std::uint64_t failed) {
  switch (which) {
    case Meant::any:
      return true;
    case Meant::live:
      return !has_ended(state);
    case Meant::unpaused:
      return !has_ended(state) && state != JobState::paused;
    case Meant::paused:
      return state == JobState::paused;
    case Meant::retryable:
      return state == JobState::failed || (!has_ended(state) && failed > 0);
    case Meant::ended:
      return has_ended(state);
    case Meant::newest:
      break;
  }
  check(false, "the_newest_job_is_known_beside_the_others");
  return false;
}

std::string to_text(const Notice& notice) {
  std::string text = notice.text;
  if (notice.ends_unix_ms) text += ", at " + utc_text(*notice.ends_unix_ms);
  if (notice.kind == NoticeKind::passed) text += ", which has passed: the machine lives";
  return text;
}

bool all_hold(const std::vector<Finding>& findings) {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.holds; });
}

}  // namespace pq
