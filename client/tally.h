// The result of a command for several jobs: a job that fails is reported at once, and the others go on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "client/connection.h"
#include "client/failure.h"
#include "client/screen.h"
#include "client/selection.h"
#include "common/protocol/messages.h"
#include "common/report/json.h"
#include "common/report/shown.h"

namespace pq::client {

// The jobs of a selection. Asks the head if the selection needs that. The failure is the head's, or there is
// no `last` job.
tl::expected<Selected, Failure> find_jobs(Connection& connection, const Selection& selection,
                                          Meant which = Meant::any);

// The same for one job.
tl::expected<JobId, Failure> find_job(Connection& connection, const Selection& selection);

class Tally {
 public:
  // Jobs that are missing, or that an older head may hide, count as failed already.
  Tally(std::string program, const Selected& selected, Screen& screen);

  // Returns a failure only if it concerns all remaining jobs too. It then lists those that were not asked
  // about.
  std::optional<Failure> take(JobId job, const tl::expected<JobReport, Failure>& answer,
                              const std::vector<JobId>& jobs);

  const std::vector<JobReport>& reports() const { return reports_.jobs; }

  // "3 jobs cancelled, but not: 7, 8-9".
  std::string summary(std::string_view what_happened) const;

  // pq.jobs/1 with "errors": the jobs that are not in it, and why.
  Json json() const;

  // The worst exit status of its failures.
  ExitStatus worst() const { return worst_; }

 private:
  void fail(const std::string& jobs, const Failure& failure);

  std::string program_;
  Screen& screen_;
  JobsReport reports_;
  std::vector<JobsMissed> errors_;
  ExitStatus worst_ = ExitStatus::done;
};

}  // namespace pq::client
