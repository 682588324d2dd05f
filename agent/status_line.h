// What an agent does, in a line for whoever asks the supervisor.
#pragma once

#include <cstddef>
#include <string>

namespace pq {

struct Doings {
  std::size_t slots = 0;
  std::size_t slots_busy = 0;
  std::size_t jobs_without_files = 0;  // that it holds leases of
  bool is_draining = false;
  std::string trouble = {};  // with the head; empty: it knows this agent
};

// "12 slots busy of 16; waits for files of 1 job; draining"
std::string status_line(const Doings& doings);

}  // namespace pq
