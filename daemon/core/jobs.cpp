#include "daemon/core/jobs.h"

#include <limits>
#include <utility>

#include "common/protocol/limits.h"

namespace pq::core {

std::uint64_t sum_at_most(std::uint64_t left, std::uint64_t right) {
  return left + std::min(right, std::numeric_limits<std::uint64_t>::max() - left);
}

Job* Jobs::find(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const Job* Jobs::find(JobId id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

Refusal Jobs::no_such(JobId id) const {
  const bool was_there = id.value > 0 && id <= last_id_;
  return {ErrorWord::no_such_job, std::to_string(id.value) + (was_there ? " is forgotten" : "")};
}

Job& Jobs::change(JobId id) {
  changed_.insert(id);
  unranked_.insert(id);
  return jobs_.at(id);
}

std::optional<JobId> Jobs::of_request(const RequestId& request) const {
  const auto known = by_request_.find(request);
  return known == by_request_.end() ? std::nullopt : std::optional(known->second);
}

JobId Jobs::next_id() {
  last_id_.value += 1;
  return last_id_;
}

Job& Jobs::add(JobRow row, Ledger ledger) {
  const JobId id = row.id;
  note_id(id);
  by_request_[row.request] = id;
  return jobs_.emplace(id, Job{.row = std::move(row), .ledger = std::move(ledger)}).first->second;
}

const Job* Jobs::oldest_ended() const {
  const auto oldest = std::find_if(jobs_.begin(), jobs_.end(),
                                   [](const auto& job) { return has_ended(job.second.row.state); });
  return oldest == jobs_.end() ? nullptr : &oldest->second;
}

void Jobs::forget(JobId id) {
  by_request_.erase(jobs_.at(id).row.request);
  changed_.erase(id);
  jobs_.erase(id);
}

void Jobs::keep_samples(JobId id) {
  sampled_.push_back(id);
  if (sampled_.size() <= limits::jobs_reported_max) return;
  if (Job* old = find(sampled_.front())) old->throughput.clear();
  sampled_.pop_front();
}

void Jobs::note_rows(Changes& changes) {
  for (const JobId id : std::exchange(changed_, {})) {
    if (const Job* job = find(id)) changes.jobs[id] = job->row;
  }
}

}  // namespace pq::core
