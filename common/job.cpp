#include "common/job.h"

#include <array>

namespace pq {

std::string_view to_text(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "running";
    case JobState::paused:
      return "paused";
    case JobState::done:
      return "done";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
  }
  return "";
}

std::optional<JobState> parse_job_state(std::string_view word) {
  for (const JobState state : {JobState::queued, JobState::running, JobState::paused, JobState::done,
                               JobState::failed, JobState::cancelled}) {
    if (to_text(state) == word) return state;
  }
  return std::nullopt;
}

}  // namespace pq
