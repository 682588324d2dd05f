// The jobs that an agent knows: all that it holds leases of, and the latest others. What was measured of a
// job is kept for its later leases.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "agent/pace.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"

namespace pq::agent {

// What a job is, and what a step of it costs here.
struct KnownJob {
  KnownJob(const JobOrder& told, Epoch in);

  // Where the next step in [upto, end) ends. About as much as the pace says; for runs of fixed width as many
  // as that allows, but at least one.
  std::uint64_t next_step_end(std::uint64_t upto, std::uint64_t end) const;

  std::shared_ptr<const JobOrder> order;
  Pace pace;
  bool is_ready;  // its files are here
  Epoch epoch;    // of the head that last told of it; another's job of this number may be another job
};

class KnownJobs {
 public:
  // Another job with the number of a known one takes its place: the head's database was restored or replaced.
  void meet(const JobOrder& order, Epoch epoch);
  // Forgets jobs that are not in use while there are too many; those with the lowest numbers go first.
  void forget(const std::set<JobId>& in_use);

  // Null: it is not known.
  KnownJob* find(JobId job);
  const KnownJob* find(JobId job) const;
  // REQUIRES: the job is known.
  KnownJob& at(JobId job) { return jobs_.at(job); }
  const KnownJob& at(JobId job) const { return jobs_.at(job); }

  std::vector<std::shared_ptr<const JobOrder>> orders() const;
  // Of each job that was measured.
  std::vector<PaceView> paces() const;

 private:
  std::map<JobId, KnownJob> jobs_;
};

}  // namespace pq::agent
