// A thread per slot. Steps go in, results come out; a file descriptor tells when there are some.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/step.h"

namespace pq {

class Slots {
 public:
  explicit Slots(std::uint32_t count);
  // Waits for the steps that run; an agent that cannot wait ends its process instead.
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // REQUIRES: step.slot is idle.
  void start(const Step& step);

  // What has been finished since the last call. Never waits.
  std::vector<StepResult> take_results();

  // Readable while there are results.
  int fd() const { return fd_; }

 private:
  // What one slot's thread is given; guarded by `mutex`.
  struct Slot {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Step> step;
    bool stops = false;
    std::thread thread;
  };

  void serve(Slot& slot);
  void deliver(StepResult result);
  void stop();

  std::vector<std::unique_ptr<Slot>> slots_;
  std::mutex results_mutex_;
  std::vector<StepResult> results_;  // guarded by results_mutex_
  int fd_;
};

}  // namespace pq
