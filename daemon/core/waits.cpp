#include "daemon/core/waits.h"

#include <algorithm>

#include "daemon/core/limits.h"

namespace pq::core {

bool Waits::add(JobId job, const Waiting& waiting) {
  auto& others = waits_[job];
  const bool waits_already = std::any_of(others.begin(), others.end(), [&](const Waiting& other) {
    return other.peer == waiting.peer && other.request == waiting.request;
  });
  if (waits_already) return true;
  if (count_ >= limits::waits_max) {
    if (others.empty()) waits_.erase(job);
    return false;
  }
  others.push_back(waiting);
  count_ += 1;
  next_end_ = std::min(next_end_, waiting.until);
  return true;
}

bool Waits::are_counted() const {
  std::size_t count = 0;
  for (const auto& [job, waiting] : waits_) count += waiting.size();
  return count == count_;
}

}  // namespace pq::core
