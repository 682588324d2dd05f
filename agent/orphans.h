// Processes that outlive the program that started them. Each is known by what pq has put into its
// environment: PQ_AGENT, the mark of the agent, and PQ_RUN, the slot and the number of the program.
#pragma once

#include <sys/types.h>

#include <string>

#include "agent/run_table.h"

namespace pq {

// SIGKILL to every process on this machine that has the mark; until there is none, or `passes` were not
// enough.
void kill_marked(const std::string& mark, int passes);

// Those that this process has inherited: it must be their subreaper.
class Orphans {
 public:
  // On the main thread, before any other is started. `warden` is a child that is no orphan.
  Orphans(const RunTable& runs, std::string mark, pid_t warden);

  // Forgets those that have ended, and kills those whose run is over. On the main thread.
  void look_after();

 private:
  bool is_of_no_run(pid_t process) const;

  const RunTable& runs_;
  const std::string mark_;
  const pid_t warden_;
};

}  // namespace pq
