// SIGTERM and SIGINT as something to poll, not as an interruption.
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

}  // namespace pq
