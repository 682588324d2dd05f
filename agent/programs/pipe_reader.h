// Reads what a program writes to its pipes, until it exits, has answered, or is ended at its time limit: by
// SIGTERM first, and by SIGKILL if it does not heed that.
#pragma once

#include <cstddef>
#include <ctime>
#include <vector>

#include "agent/programs/answers.h"
#include "agent/programs/process.h"
#include "agent/programs/run_output.h"
#include "common/os/clock.h"
#include "common/values/instant.h"

namespace pq::programs {

class PipeReader {
 public:
  static constexpr std::size_t answer_bytes_max = 1 << 16;

  enum class Seen { exited, answered, timed_out };

  // Reads until one of these. `answers`: of a program that answers with lines; null for others, whose
  // standard output is `output`'s. A program whose output is too much, or whose answer is too long, counts as
  // exited.
  Seen watch(Process& process, RunOutput& output, Answers* answers, Duration time_limit);

  // Reads what is in the pipes already.
  void drain(Process& process, RunOutput& output, Answers* answers);

 private:
  void read_some(Descriptor& from, Stream stream, RunOutput& output, Answers* answers);

  const SystemClock clock_{};
  std::vector<char> buffer_;  // empty until a program runs
};

// For ppoll(2).
timespec to_timespec(Duration duration);

}  // namespace pq::programs
