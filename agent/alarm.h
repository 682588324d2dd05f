// Distinguishes "all of us were signalled" from "a program ended by itself". A batch system signals an agent
// and its programs one after another, in any order. So the end of a program is believed only after a while in
// which neither the agent nor its witness was signalled. agent/programs/README.md has the rule.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include "agent/programs/witness.h"
#include "common/values/instant.h"

namespace pq::agent {

class Alarm {
 public:
  // The longest time in which a batch system signals all of them.
  static constexpr Duration reach = std::chrono::seconds(1);

  // Call on the main thread, with the signals blocked that end the agent. Throws EnvironmentError.
  Alarm() : witness_(std::in_place) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // ---- on the main thread

  // Call before the agent handles its own signals. True: all were signalled since the last call.
  bool look(Instant now);
  // Readable when there is something to look at.
  int fd() const { return witness_->fd(); }
  // 0 while the witness is replaced. From any thread.
  pid_t witness() const {
    const std::lock_guard lock(mutex_);
    return witness_ ? witness_->id() : 0;
  }

  // ---- on any thread

  // Whether the agent or its witness is signalled between a second before `ended` and `until`. Waits until
  // then, unless `ends` is set and wake() called.
  bool rings(Instant ended, Instant until, const std::atomic<bool>& ends);
  void wake() { changed_.notify_all(); }

  // How many times all were signalled.
  std::uint64_t times() const { return times_; }

 private:
  bool has_news() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Witness> witness_;  // replaced under the mutex
  std::optional<Instant> rang_at_;  // guarded by it
  std::atomic<std::uint64_t> times_ = 0;
};

}  // namespace pq::agent
