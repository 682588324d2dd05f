// What a command came to of several jobs: each job that fails is told at once, and the rest goes on.
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
#include "common/json.h"
#include "common/messages.h"

namespace pq {

// Which jobs these are. Asks the head where the selection's words need that, and says which jobs it leaves
// out. The failure is the head's, or there is no `last` job.
tl::expected<Selected, Failure> find_jobs(
    Connection& connection, const Selection& selection, Screen& screen,
    bool (*is_meant)(const JobReport&) = [](const JobReport&) { return true; });

// The same of one job.
tl::expected<JobId, Failure> find_job(Connection& connection, const Selection& selection, Screen& screen);

class Tally {
 public:
  // Those that are missing have failed already.
  Tally(std::string program, const Selected& selected, Screen& screen);

  // A failure is answered only if it concerns all the others too. It then says which were not asked about.
  std::optional<Failure> take(JobId job, const tl::expected<JobReport, Failure>& answer,
                              const std::vector<JobId>& jobs);

  const std::vector<JobReport>& reports() const { return reports_.jobs; }

  // "3 jobs cancelled, but not: 7, 8-9".
  std::string summary(std::string_view what_happened) const;

  // pq.jobs/1, with "errors": which jobs are not in it, and why.
  Json json() const;

  // How bad its failures are.
  ExitStatus worst() const { return worst_; }

 private:
  void fail(const std::string& jobs, const Failure& failure);

  std::string program_;
  Screen& screen_;
  JobsReport reports_;
  struct Error {
    std::string jobs;  // "7", or a span
    std::string word;
    std::string text;
  };
  std::vector<Error> errors_;
  ExitStatus worst_ = ExitStatus::done;
};

}  // namespace pq
