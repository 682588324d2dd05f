// A tiny process beside the agent. It waits for the agent's end, in whatever way that comes. Then it kills
// the programs that still run and removes the agent's scratch directory.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "agent/programs/control_group.h"
#include "agent/programs/run_table.h"
#include "common/os/descriptor.h"

namespace pq::programs {

class Warden {
 public:
  // REQUIRES: this process has one thread. Throws EnvironmentError.
  Warden(RunTable& runs, const std::string& mark, const std::filesystem::path& scratch);
  Warden(const Warden&) = delete;
  Warden& operator=(const Warden&) = delete;

  pid_t id() const { return id_; }

  // Makes it do its work now, and waits until that is done.
  void finish();

 private:
  const ControlGroup group_;  // of the agent and its programs, not of the warden
  pid_t id_ = 0;
  Descriptor alive_;  // closed with this process
};

}  // namespace pq::programs
