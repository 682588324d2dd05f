// Signals as something to poll, not as an interruption: SIGTERM and SIGINT, and the one of a terminal's new
// size.
#pragma once

#include <optional>

namespace pq {

// Blocks both signals in this thread and all it starts later; construct before the first other thread.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Readable as soon as one has come.
  int fd() const { return fd_; }

  // The number of the next signal that has come, if any. Never waits.
  std::optional<int> take();

 private:
  int fd_;
};

// SIGWINCH: the terminal has another size. Construct it before the first other thread, which would take it
// for nothing.
class ResizeSignal {
 public:
  ResizeSignal();
  ~ResizeSignal();
  ResizeSignal(const ResizeSignal&) = delete;
  ResizeSignal& operator=(const ResizeSignal&) = delete;

  // Readable as soon as one has come.
  int fd() const { return fd_; }

  // Whether one has come since it was asked. Never waits.
  bool take();

 private:
  int fd_;
};

}  // namespace pq
