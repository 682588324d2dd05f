// What an agent is doing, in one line for the supervisor's status.
#pragma once

#include <cstddef>
#include <string>

#include "common/values/rooms.h"

namespace pq::agent {

struct Doings {
  std::size_t slots = 0;
  std::size_t slots_busy = 0;
  std::size_t jobs_without_files = 0;  // that it holds leases of
  bool is_draining = false;
  std::string trouble = {};  // with the head; empty: it knows this agent
};

// "12 slots busy of 16; waits for files of 1 job; draining"
std::string status_line(const Doings& doings);

}  // namespace pq::agent
