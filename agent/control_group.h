// A control group (cgroup v2) for this agent and whatever it starts: when the agent is gone all that is left
// in it can be killed at once, wherever it has hidden. Where there is no such group to be had, as without the
// right to make one, this does nothing.
#pragma once

#include <filesystem>
#include <string>

namespace pq {

class ControlGroup {
 public:
  // Makes one below the group that this process is in.
  explicit ControlGroup(const std::string& mark);

  bool exists() const { return !dir_.empty(); }

  // Moves this process into it, or back.
  void enter() const;
  void leave() const;

  // Kills everything in it and removes it. REQUIRES: this process is not in it.
  void end() const;

 private:
  std::filesystem::path dir_;
};

// Where the group of this process is, by /proc/self/cgroup and /proc/self/mountinfo; empty: in no cgroup v2.
std::filesystem::path control_group_dir(const std::string& memberships, const std::string& mounts);

}  // namespace pq
