// A control group (cgroup v2) for this agent and everything that it starts. When the agent is gone,
// everything left in it can be killed at once, wherever it hides. If no such group can be made, for example
// without the right to, this does nothing.
#pragma once

#include <filesystem>
#include <string>

#include "common/values/rooms.h"

namespace pq::programs {

class ControlGroup {
 public:
  // Creates a group below the one that this process is in.
  explicit ControlGroup(const std::string& mark);

  bool exists() const { return !dir_.empty(); }

  // Moves this process into the group, or back.
  void enter() const;
  void leave() const;

  // Kills everything in the group and removes it. REQUIRES: this process is not in it.
  void end() const;

 private:
  std::filesystem::path dir_;
};

// The path of this process's group, from /proc/self/cgroup and /proc/self/mountinfo; empty: it is in no
// cgroup v2.
std::filesystem::path control_group_dir(const std::string& memberships, const std::string& mounts);

}  // namespace pq::programs
