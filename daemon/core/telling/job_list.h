// Which jobs a list holds, and which jobs a question about several means. A queue keeps more jobs than one
// answer has room for. Jobs that have not ended come first, so ended ones never hide those that people steer,
// pay or wait for.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "common/protocol/limits.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/limits.h"
#include "daemon/core/core.h"
#include "daemon/core/limits.h"

namespace pq::core {

struct ListBounds {
  std::size_t jobs = 0;           // in all
  std::size_t ended = 0;          // of these
  std::size_t program_bytes = 0;  // in the words and settings of their programs, which may be long
};

// One message has room for this many, whatever their programs are (common/protocol/limits.h).
inline constexpr ListBounds reported_to_clients{
    .jobs = limits::jobs_reported_max,
    .ended = limits::jobs_reported_max,
    .program_bytes = limits::jobs_reported_max * limits::program_bytes_max};
inline constexpr ListBounds shown_by_http{.jobs = limits::jobs_shown_max,
                                          .ended = limits::jobs_shown_ended_max,
                                          .program_bytes = limits::jobs_shown_program_bytes_max};

// Live jobs: first those that are being computed, then the oldest. After them the newest ended ones.
// `only_of`: those of this submitter, as if there were no others.
JobsReport list_jobs(const Core& core, const ListBounds& bounds,
                     const std::optional<std::string>& only_of = std::nullopt);

// The ids of the jobs that a question means, at most limits::job_ids_told. `asker`: whose jobs are `mine`.
JobIds ids_of(const std::map<JobId, Job>& jobs, const AskJobIds& asked, UnixMs now,
              const std::string& asker = "");

}  // namespace pq::core
