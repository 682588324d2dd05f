// A tiny process of the agent that does nothing, and is signalled wherever the agent's programs are. Like
// each program it leads its own process group, is in the agent's tree, session and control group, and has its
// user. So a batch system that ends a job, a step or a session reaches it in any order. A signal to one
// program, to the agent alone or to the terminal's foreground does not.
#pragma once

#include <sys/types.h>

#include "common/os/descriptor.h"

namespace pq::programs {

class Witness {
 public:
  // Call on the main thread, with SIGTERM and SIGINT blocked. Throws EnvironmentError.
  Witness();

  // Whether people and batch systems use this signal to end programs, or to warn them.
  static bool is_ending(int signal);

  pid_t id() const { return id_; }

  // Known at once from the kernel: the witness blocks signals, so they stay pending. Also true if it was
  // killed.
  bool was_signalled() const;

  // Readable a moment after a signal.
  int fd() const { return line_.fd(); }

 private:
  Descriptor line_;    // it ends when this is closed
  Descriptor status_;  // none without /proc
  pid_t id_ = 0;
};

}  // namespace pq::programs
