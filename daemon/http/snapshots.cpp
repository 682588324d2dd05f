#include "daemon/http/snapshots.h"

#include <utility>

#include "common/limits.h"

namespace pq {

std::shared_ptr<const Snapshot> Snapshots::fresh() {
  std::unique_lock lock(mutex_);
  if (auto found = young()) return found;
  if (!closed_) wanted_.ring();
  const auto before = latest_;
  published_.wait_for(lock, limits::snapshot_patience, [&] { return closed_ || latest_ != before; });
  return !closed_ && latest_ != before ? latest_ : nullptr;
}

std::shared_ptr<const Snapshot> Snapshots::young() const {
  if (closed_ || !latest_) return nullptr;
  return clock_.now().instant - latest_->taken_at < limits::snapshot_kept ? latest_ : nullptr;
}

void Snapshots::publish(Snapshot snapshot) {
  auto latest = std::make_shared<const Snapshot>(std::move(snapshot));
  {
    const std::scoped_lock lock(mutex_);
    latest_.swap(latest);  // the old one is freed after the lock, here or by its last reader
    wanted_.silence();
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
