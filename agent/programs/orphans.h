// Processes that outlive the program that started them. pq recognizes them by their environment: PQ_AGENT is
// the agent's mark, PQ_RUN the slot and the number of the program.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/programs/run_table.h"

namespace pq::programs {

// Sends SIGKILL to every process on this machine with the mark, until there is none, or `passes` times.
void kill_marked(const std::string& mark, int passes);

// Orphans that this process has inherited as their subreaper.
class Orphans {
 public:
  // Call on the main thread, before any other thread starts. `warden`, and `witness` below, are children but
  // not orphans.
  Orphans(const RunTable& runs, std::string mark, pid_t warden);

  // Forgets orphans that have ended, and kills those whose run is over. On the main thread.
  void look_after(pid_t witness = 0);

  // Whether there are any, of any run. From any thread.
  bool are_there(pid_t witness = 0) const;

 private:
  std::vector<pid_t> all(pid_t witness) const;
  bool is_of_no_run(pid_t process) const;

  const RunTable& runs_;
  const std::string mark_;
  const pid_t warden_;
};

}  // namespace pq::programs
