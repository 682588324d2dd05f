// Signals as descriptors to poll, not as interruptions: those that ask a process to end, and the one for a
// terminal's new size.
#pragma once

#include <initializer_list>
#include <optional>

#include "common/values/rooms.h"

namespace pq::os {

// SIGTERM and SIGINT, and those of `others` that this process does not ignore. Blocks them in this thread and
// in all threads that it starts later. Construct this before any other thread starts.
class StopSignals {
 public:
  explicit StopSignals(std::initializer_list<int> others = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Readable as soon as a signal has arrived.
  int fd() const { return fd_; }

  // The number of the next signal that has arrived, if any. Never waits.
  std::optional<int> take();

  // Whether a blocked signal has arrived and was not taken yet. On any thread.
  static bool is_one_waiting();

 private:
  int fd_;
};

// SIGWINCH: the terminal has another size. Construct this before any other thread starts: that thread would
// take the signal and drop it.
class ResizeSignal {
 public:
  ResizeSignal();
  ~ResizeSignal();
  ResizeSignal(const ResizeSignal&) = delete;
  ResizeSignal& operator=(const ResizeSignal&) = delete;

  // Readable as soon as the signal has arrived.
  int fd() const { return fd_; }

  // Whether one has arrived since the last call. Never waits.
  bool take();

 private:
  int fd_;
};

}  // namespace pq::os
