// Which process group the program of each slot has. The table is in memory shared with the warden, which
// needs it after the agent was killed.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <span>

#include "common/values/rooms.h"

namespace pq::programs {

struct RunRow {
  std::atomic<pid_t> group{0};        // 0: nothing runs
  std::atomic<std::uint64_t> run{0};  // counts the programs that this slot has started
};
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free);

class RunTable {
 public:
  // A row for each place where programs run: the slots, and the express place. Throws EnvironmentError if
  // memory is short.
  explicit RunTable(std::uint32_t slots);
  ~RunTable();
  RunTable(const RunTable&) = delete;
  RunTable& operator=(const RunTable&) = delete;

  RunRow& row(std::uint32_t slot) { return rows_[slot]; }
  std::span<RunRow> rows() { return rows_; }

  bool is_running(std::uint64_t slot, std::uint64_t run) const;
  bool is_anything_running() const;

  // Sends SIGKILL to every group in the table.
  void kill_all();

 private:
  std::span<RunRow> rows_;
};

}  // namespace pq::programs
