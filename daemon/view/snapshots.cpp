#include "daemon/view/snapshots.h"

#include <algorithm>
#include <utility>

#include "daemon/view/limits.h"

namespace pq::view {

std::shared_ptr<const Snapshot> Snapshots::fresh(const std::set<JobId>& jobs, Instant asked_at) {
  std::unique_lock lock(mutex_);
  const auto is_over = [&] {
    const auto is_shown = [&](JobId job) { return latest_->details.contains(job); };
    return closed_ ||
           (latest_ && latest_->taken_at >= asked_at && std::all_of(jobs.begin(), jobs.end(), is_shown));
  };
  if (!is_over()) {
    std::set<JobId> wanted = details_wanted_;
    wanted.insert(jobs.begin(), jobs.end());
    if (wanted.size() > limits::details_per_snapshot) return nullptr;
    details_wanted_ = std::move(wanted);
    const Instant now = clock_.now().instant;  // after it was noted: a later one has the detail
    if (!published_.wait_for(lock, next_at_ - now, is_over)) {
      asked_at_ = std::max(asked_at_, now);
      wanted_.set();
      if (!published_.wait_for(lock, limits::snapshot_patience, is_over)) return nullptr;
    }
  }
  return closed_ ? nullptr : latest_;
}

Instant Snapshots::expect(std::optional<JobId> job) {
  const std::scoped_lock lock(mutex_);
  if (job && details_expected_.size() < limits::details_per_snapshot) details_expected_.insert(*job);
  return clock_.now().instant;
}

Instant Snapshots::taken_at() {
  const std::scoped_lock lock(mutex_);
  return latest_ ? latest_->taken_at : Instant();
}

std::set<JobId> Snapshots::take_details_wanted() {
  const std::scoped_lock lock(mutex_);
  std::set<JobId> taken = std::exchange(details_wanted_, {});
  for (const JobId job : std::exchange(details_expected_, {})) {
    if (taken.size() < limits::details_per_snapshot) taken.insert(job);
  }
  return taken;
}

void Snapshots::publish(Snapshot snapshot) {
  const Instant now = clock_.now().instant;
  const Duration took = now - snapshot.taken_at;
  auto latest = std::make_shared<const Snapshot>(std::move(snapshot));
  {
    const std::scoped_lock lock(mutex_);
    latest_.swap(latest);  // the old one is freed after the lock, here or by its last reader
    next_at_ = now + std::clamp(limits::snapshot_pause_factor * took, limits::snapshot_pause_shortest,
                                limits::snapshot_pause_longest);
    // Otherwise the turn was taking it when the reader asked.
    if (latest_->taken_at >= asked_at_ && details_wanted_.empty()) wanted_.clear();
  }
  published_.notify_all();
}

void Snapshots::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  published_.notify_all();
}

}  // namespace pq::view
