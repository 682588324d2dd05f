// Which process group each slot's program is, in memory that the warden shares: it must know even when the
// agent has been killed.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <span>

namespace pq {

struct RunRow {
  std::atomic<pid_t> group{0};        // 0: nothing runs
  std::atomic<std::uint64_t> run{0};  // counts the programs that this slot has started
};
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free);

class RunTable {
 public:
  // A row per slot. Throws EnvironmentError where there is no memory.
  explicit RunTable(std::uint32_t slots);
  ~RunTable();
  RunTable(const RunTable&) = delete;
  RunTable& operator=(const RunTable&) = delete;

  RunRow& row(std::uint32_t slot) { return rows_[slot]; }
  std::span<RunRow> rows() { return rows_; }

  bool is_running(std::uint64_t slot, std::uint64_t run) const;
  bool is_anything_running() const;

  // SIGKILL to every group in it.
  void kill_all();

 private:
  std::span<RunRow> rows_;
};

}  // namespace pq
