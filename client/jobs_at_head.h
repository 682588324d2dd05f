// Many jobs as the head knows them: the ids of a selection, a complete list, and the answer of each. A head
// of 0.1.0 knows none of these questions. Then its list of the newest jobs is used, and the user is told what
// may be missing.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "client/connection.h"
#include "client/failure.h"
#include "client/selection.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"

namespace pq::client {

// The ids that are meant now: for `all` those that `which` selects, for a span those that exist.
tl::expected<Selected, Failure> resolve(Connection& connection, const Selection& selection, Meant which,
                                        Duration patience);

// The ids of all the jobs that the question means.
tl::expected<std::vector<JobId>, Failure> ask_ids(Connection& connection, AskJobIds question,
                                                  Duration patience);

// Every job that has not ended, and the newest of the others.
struct Listed {
  JobsReport report;
  bool may_lack_live = false;  // an older head has left some out and does not say which
};
tl::expected<Listed, Failure> list_jobs(Connection& connection, const AllJobs& which, Duration patience);

// The warning if a head of 0.1.0 may have left something out.
inline constexpr const char* older_head_text =
    "this head lists only its newest 1000 jobs, so older ones that are meant may be missing; install the "
    "same "
    "pq there, or give their numbers";

// The same question about each of several jobs, as many per message as the head takes. The job in the
// question is replaced.
using EachQuestion = std::variant<AskJob, Steer, Reprioritize>;

class EachJobAsked {
 public:
  // REQUIRES: `connection` and `jobs` outlive this.
  EachJobAsked(Connection& connection, EachQuestion question, const std::vector<JobId>& jobs,
               Duration patience);

  struct Told {
    JobId job;
    tl::expected<JobReport, Failure> answer;
  };

  // The next job with its answer; nullopt: there are no more. Asks the head only when it must.
  std::optional<Told> next();

 private:
  void ask_several();
  Told ask_one(JobId job);

  Connection& connection_;
  EachQuestion question_;
  const std::vector<JobId>& jobs_;
  Duration patience_;
  std::size_t asked_ = 0;
  bool takes_several_ = true;
  std::deque<Told> told_;
};

}  // namespace pq::client
