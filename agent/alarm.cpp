#include "agent/alarm.h"

#include <signal.h>

#include "common/os/clock.h"
#include "common/os/signals.h"
#include "common/values/errors.h"

namespace pq::agent {

// The kernel shows the signal as soon as the sender goes on to the next process.
bool Alarm::has_news() const {
  return StopSignals::is_one_waiting() || (witness_ && witness_->was_signalled());
}

bool Alarm::look(Instant now) {
  const std::lock_guard lock(mutex_);
  if (!has_news()) return false;
  rang_at_ = now;
  changed_.notify_all();
  if (!witness_->was_signalled()) return false;
  ++times_;
  witness_.reset();
  witness_.emplace();
  return true;
}

bool Alarm::rings(Instant ended, Instant until, const std::atomic<bool>& ends) {
  const SystemClock clock;
  std::unique_lock lock(mutex_);
  while (true) {
    if (has_news() || (rang_at_ && *rang_at_ >= ended - reach)) return true;
    const Instant now = clock.now().instant;
    if (ends || now >= until) return false;
    changed_.wait_for(lock, until - now);
  }
}

}  // namespace pq::agent
