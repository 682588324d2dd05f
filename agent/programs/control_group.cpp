#include "agent/programs/control_group.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

constexpr int removals_max = 200;  // tries to remove a group whose last process is still ending …
constexpr useconds_t removal_pause_us = 5000;

std::string text_of(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool write_text(const fs::path& file, std::string_view text) {
  std::ofstream out(file);
  out << text;
  return out.flush().good();
}

}  // namespace

// "0::/system.slice/pq-agent.service" names the group. "… /sys/fs/cgroup rw … - cgroup2 cgroup2 rw" says
// where all groups are.
fs::path control_group_dir(const std::string& memberships, const std::string& mounts) {
  std::string group;
  for (std::istringstream lines(memberships); std::getline(lines, group);) {
    if (group.starts_with("0::/")) break;
    group.clear();
  }
  if (group.empty()) return {};
  std::string line;
  for (std::istringstream lines(mounts); std::getline(lines, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string number, parent, device, root, place;
    words >> number >> parent >> device >> root >> place;
    if (root == "/") return (fs::path(place) / group.substr(4)).lexically_normal();
  }
  return {};
}

ControlGroup::ControlGroup(const std::string& mark) {
  const fs::path above = control_group_dir(text_of("/proc/self/cgroup"), text_of("/proc/self/mountinfo"));
  std::error_code error;
  const fs::path dir = above / ("pq-agent-" + mark);
  if (above.empty() || !fs::create_directory(dir, error)) return;
  if (access((dir / "cgroup.kill").c_str(), W_OK) == 0) {
    dir_ = dir;
  } else {
    fs::remove(dir, error);  // a kernel before 5.14
  }
}

void ControlGroup::enter() const {
  if (exists()) write_text(dir_ / "cgroup.procs", "0");
}

void ControlGroup::leave() const {
  if (exists()) write_text(dir_.parent_path() / "cgroup.procs", "0");
}

void ControlGroup::end() const {
  if (!exists()) return;
  write_text(dir_ / "cgroup.kill", "1");
  for (int tries = 0; tries < removals_max && rmdir(dir_.c_str()) != 0; ++tries) usleep(removal_pause_us);
}

}  // namespace pq::programs
