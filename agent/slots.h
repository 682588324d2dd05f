// A thread per slot. Steps go in, results come out; a file descriptor tells when there are some.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/kernels/exec.h"
#include "agent/step.h"

namespace pq {

class Slots {
 public:
  // REQUIRES, where programs are run: SIGPIPE is ignored.
  explicit Slots(std::uint32_t count, const ExecSettings& exec = {});
  // Waits for the steps that run, but kills programs; an agent that cannot wait ends its process instead.
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // REQUIRES: step.slot is idle.
  void start(const Step& step);

  // The step of this slot, if it computes one, is of no use: a program of it is killed at once. Its result
  // comes all the same.
  void abandon(std::uint32_t slot);

  // What has been finished since the last call. Never waits.
  std::vector<StepResult> take_results();

  // Readable while there are results.
  int fd() const { return fd_; }

 private:
  // What one slot's thread is given; guarded by `mutex`.
  struct Slot {
    Slot(const ExecSettings& settings, std::uint32_t number) : exec(settings, number) {}

    Exec exec;  // its thread's, but for abandon()
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
