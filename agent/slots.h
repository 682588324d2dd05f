// A thread per slot, and one for each express place. Steps go in, results come out; a file descriptor shows
// when there are some.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/programs/exec.h"
#include "agent/step.h"
#include "common/os/wake_up.h"

namespace pq::agent {

class Slots {
 public:
  // REQUIRES, if programs run: SIGPIPE is ignored.
  explicit Slots(std::uint32_t count, const ExecSettings& exec = {});
  // Waits for the steps that run, but kills programs. An agent that cannot wait ends its process instead.
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // All places: `count` slots, then the express places.
  std::uint32_t places() const { return static_cast<std::uint32_t>(slots_.size()); }

  // REQUIRES: step.slot is idle.
  void start(const Step& step);

  // The step of this slot must begin no further run. Returns where it ends at the latest; nothing: it has no
  // runs to leave out, or is over.
  std::optional<std::uint64_t> curtail(std::uint32_t slot);

  // The step of this slot, if there is one, is no longer needed: its program is killed at once. Its result
  // still comes.
  void abandon(std::uint32_t slot);

  // Results since the last call. Never waits.
  std::vector<StepResult> take_results();

  // Readable while there are results.
  int fd() const { return came_.fd(); }

 private:
  // The data of one slot's thread; guarded by `mutex`.
  struct Slot {
    Slot(const ExecSettings& settings, std::uint32_t number) : exec(settings, number) {}

    Exec exec;  // used by its thread only, except abandon()
    bool is_gentle = false;
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
  WakeUp came_;
};

}  // namespace pq::agent
