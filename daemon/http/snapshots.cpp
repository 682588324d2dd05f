#include "daemon/http/snapshots.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"

namespace pq {

std::shared_ptr<const Snapshot> Snapshots::fresh(std::optional<JobId> job) {
  std::unique_lock lock(mutex_);
  if (job && details_wanted_.size() >= limits::details_per_snapshot && !details_wanted_.contains(*job))
    return nullptr;
  if (job) details_wanted_.insert(*job);
  const Instant asked_at = clock_.now().instant;  // after it was noted: a later one has the detail
  const auto is_over = [&] {
    return closed_ || (latest_ && latest_->taken_at >= asked_at && (!job || latest_->details.contains(*job)));
  };
  if (!published_.wait_for(lock, next_at_ - asked_at, is_over)) {
    asked_at_ = std::max(asked_at_, asked_at);
    wanted_.ring();
    if (!published_.wait_for(lock, limits::snapshot_patience, is_over)) return nullptr;
  }
  return closed_ ? nullptr : latest_;
}

std::set<JobId> Snapshots::take_details_wanted() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(details_wanted_, {});
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
    // Else it was being taken when the reader rang.
    if (latest_->taken_at >= asked_at_ && details_wanted_.empty()) wanted_.silence();
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

}  // namespace pq
