#include "agent/known_jobs.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "agent/step.h"

namespace pq::agent {
namespace {

constexpr std::size_t jobs_kept = 64;

}  // namespace

KnownJob::KnownJob(const JobOrder& told, Epoch in)
    : order(std::make_shared<const JobOrder>(told)),
      pace(told.kernel),
      is_ready(!told.program || files_needed(*told.program).empty()),
      epoch(in) {}

std::uint64_t KnownJob::next_step_end(std::uint64_t upto, std::uint64_t end) const {
  const std::uint64_t enough = upto + pace.step_width(upto, end - upto);
  const auto first = run_at(*order, upto, end);
  if (!first) return enough;
  if (enough <= first->end || enough == end) return std::max(enough, first->end);
  return enough - (enough - first->end) % run_width(*order);
}

void KnownJobs::meet(const JobOrder& order, Epoch epoch) {
  const auto [known, is_new] = jobs_.try_emplace(order.job, order, epoch);
  if (!is_new && *known->second.order != order) known->second = KnownJob(order, epoch);
  known->second.epoch = epoch;
}

void KnownJobs::forget(const std::set<JobId>& in_use) {
  for (auto job = jobs_.begin(); job != jobs_.end() && jobs_.size() > jobs_kept;)
    job = in_use.contains(job->first) ? std::next(job) : jobs_.erase(job);
}

KnownJob* KnownJobs::find(JobId job) {
  const auto known = jobs_.find(job);
  return known == jobs_.end() ? nullptr : &known->second;
}

const KnownJob* KnownJobs::find(JobId job) const {
  const auto known = jobs_.find(job);
  return known == jobs_.end() ? nullptr : &known->second;
}

std::vector<std::shared_ptr<const JobOrder>> KnownJobs::orders() const {
  std::vector<std::shared_ptr<const JobOrder>> orders;
  for (const auto& [id, job] : jobs_) orders.push_back(job.order);
  return orders;
}

std::vector<PaceView> KnownJobs::paces() const {
  std::vector<PaceView> paces;
  for (const auto& [id, job] : jobs_) {
    if (!job.pace.is_measured()) continue;
    const Cost cost = job.pace.cost();
    paces.push_back({id, cost.fixed_s, cost.per_integer_s});
  }
  return paces;
}

}  // namespace pq::agent
