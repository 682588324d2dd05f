#include "daemon/http/snapshots.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"

namespace pq {

std::shared_ptr<const Snapshot> Snapshots::fresh() {
  const Instant asked_at = clock_.now().instant;
  const auto is_over = [&] { return closed_ || (latest_ && latest_->taken_at >= asked_at); };
  std::unique_lock lock(mutex_);
  if (!published_.wait_for(lock, next_at_ - asked_at, is_over)) {
    asked_at_ = std::max(asked_at_, asked_at);
    wanted_.ring();
    if (!published_.wait_for(lock, limits::snapshot_patience, is_over)) return nullptr;
  }
  return closed_ ? nullptr : latest_;
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
    if (latest_->taken_at >= asked_at_) wanted_.silence();  // else it was being taken when the reader rang
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
