// Whether a program that reads lines has finished all its questions, as the kernel shows of its processes.
#pragma once

#include <sys/types.h>

#include "common/values/rooms.h"

namespace pq::programs {

enum class Doing {
  waits_for_a_line,  // all its processes read their standard input, or wait for one that does
  computes,          // at least one runs, sleeps for a time, or writes
  unknown,           // it waits in another way, has threads, or the kernel does not show it
};

// For a process and everything that it has started.
Doing doing_of(pid_t leader);

}  // namespace pq::programs
