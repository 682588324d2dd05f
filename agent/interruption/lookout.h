// Polls an interruption source on its own thread, because a slow service must not delay a beat.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/interruption/source.h"
#include "common/os/clock.h"
#include "common/os/wake_up.h"

namespace pq::interruption {

class Lookout {
 public:
  static constexpr Duration every = std::chrono::seconds(2);
  static constexpr Duration every_in_trouble = std::chrono::seconds(5);  // after a look with errors

  // `clock` must outlive this.
  Lookout(std::unique_ptr<InterruptionSource> source, const Clock& clock, Duration pause = every,
          Duration pause_in_trouble = every_in_trouble);
  // Waits for the present look. An agent that cannot wait ends its process instead.
  ~Lookout();
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;

  // The latest look, once, with the errors of earlier looks that nobody has taken.
  std::optional<Outlook> take();

  // Readable while there is one.
  int fd() const { return came_.fd(); }

 private:
  void watch();

  std::unique_ptr<InterruptionSource> source_;
  const Clock& clock_;
  const Duration pause_;
  const Duration pause_in_trouble_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stops_ = false;              // guarded by mutex_
  std::optional<Outlook> outlook_;  // guarded by mutex_
  WakeUp came_;
  std::thread thread_;
};

}  // namespace pq::interruption
