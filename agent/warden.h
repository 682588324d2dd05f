// A tiny process beside the agent that waits for the agent's end, however it comes, and then leaves nothing
// of it: it kills the programs that still run and removes the agent's scratch directory.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "agent/control_group.h"
#include "agent/process.h"
#include "agent/run_table.h"

namespace pq {

class Warden {
 public:
  // REQUIRES: this process has one thread. Throws EnvironmentError.
  Warden(RunTable& runs, const std::string& mark, const std::filesystem::path& scratch);
  Warden(const Warden&) = delete;
  Warden& operator=(const Warden&) = delete;

  pid_t id() const { return id_; }

  // Has it do its work now, and waits until it is done.
  void finish();

 private:
  const ControlGroup group_;  // of the agent and its programs, not of the warden
  pid_t id_ = 0;
  Descriptor alive_;  // closed with this process
};

}  // namespace pq
