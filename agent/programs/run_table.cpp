#include "agent/programs/run_table.h"

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <new>

#include "common/values/errors.h"

namespace pq::programs {

RunTable::RunTable(std::uint32_t slots) {
  const std::size_t count = std::max(slots, 1U);
  void* const memory =
      mmap(nullptr, count * sizeof(RunRow), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw EnvironmentError("cannot share memory with the warden: free some memory");
  rows_ = {new (memory) RunRow[count], count};
}

RunTable::~RunTable() { munmap(rows_.data(), rows_.size_bytes()); }

bool RunTable::is_running(std::uint64_t slot, std::uint64_t run) const {
  return slot < rows_.size() && rows_[slot].run == run && rows_[slot].group != 0;
}

bool RunTable::is_anything_running() const {
  return std::any_of(rows_.begin(), rows_.end(), [](const RunRow& row) { return row.group != 0; });
}

void RunTable::kill_all() {
  for (const RunRow& row : rows_) {
    if (const pid_t group = row.group; group > 0) kill(-group, SIGKILL);
  }
}

}  // namespace pq::programs
