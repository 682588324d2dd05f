#include "agent/allowed_cpus.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

namespace pq::agent {
namespace {

namespace fs = std::filesystem;

constexpr int cpus_known_max = 1 << 20;  // for sched_getaffinity, whose set must have room for all CPUs

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<std::uint32_t> least(std::optional<std::uint32_t> one, std::optional<std::uint32_t> other) {
  return one && other ? std::min(one, other) : one ? one : other;
}

// ---------------------------------------------------------------- control groups

// A line of mountinfo: where a part of a tree of control groups is mounted.
struct GroupMount {
  bool is_v2 = false;
  fs::path root;  // of the mounted part, within the tree
  fs::path place;
};

// The kernel writes a space in a path as \040.
std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 3 < text.size();
    plain += is_escape ? static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8)) : text[i];
    if (is_escape) i += 3;
  }
  return plain;
}

// "31 23 0:28 ROOT PLACE OPTIONS [MORE …] - TYPE SOURCE OPTIONS OF THE TREE"
std::vector<GroupMount> cpu_mounts(const std::string& mounts) {
  std::vector<GroupMount> found;
  for (const std::string& line : split(mounts, '\n')) {
    const std::size_t middle = line.find(" - ");
    if (middle == std::string::npos) continue;
    const auto of_mount = split(line.substr(0, middle), ' ');
    const auto of_tree = split(line.substr(middle + 3), ' ');
    if (of_mount.size() < 5 || of_tree.size() < 3) continue;
    const bool is_v2 = of_tree[0] == "cgroup2";
    const bool is_v1 = of_tree[0] == "cgroup" && has(split(of_tree[2], ','), "cpu");
    if (is_v1 || is_v2) found.push_back({is_v2, without_escapes(of_mount[3]), without_escapes(of_mount[4])});
  }
  return found;
}

// This process's group in that tree: "0::/GROUP" of v2, "4:cpu,cpuacct:/GROUP" of v1.
std::optional<fs::path> group_of(const std::string& memberships, bool is_v2) {
  for (const std::string& line : split(memberships, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (is_v2 ? line.starts_with("0::") : has(split(controllers, ','), "cpu"))
      return fs::path(line.substr(second + 1)).lexically_normal();
  }
  return std::nullopt;
}

std::optional<std::uint32_t> quota_in(const fs::path& dir, bool is_v2) {
  if (is_v2) return cpus_of_quota(text_of(dir / "cpu.max"));
  return cpus_of_quota(text_of(dir / "cpu.cfs_quota_us") + " " + text_of(dir / "cpu.cfs_period_us"));
}

// A container may see only a part of the tree, but its own group by the name that it has outside.
std::optional<std::uint32_t> quota_below(const GroupMount& mount, const fs::path& group) {
  fs::path below = group.lexically_relative(mount.root);
  if (below.empty() || *below.begin() == "..") below = ".";
  std::optional<std::uint32_t> quota = quota_in(mount.place, mount.is_v2);
  fs::path dir = mount.place;
  for (const fs::path& name : below) {
    if (name == ".") continue;
    dir /= name;
    quota = least(quota, quota_in(dir, mount.is_v2));
  }
  return quota;
}

// ---------------------------------------------------------------- Slurm

// "2(x3),1": 2 on each of the first three nodes, 1 on the fourth.
std::optional<std::uint32_t> tasks_of_node(const std::string& counts, std::uint32_t node) {
  std::uint64_t nodes = 0;
  for (const std::string& part : split(counts, ',')) {
    const std::size_t bracket = part.find("(x");
    const auto tasks = number(std::string_view(part).substr(0, bracket));
    const auto times = bracket == std::string::npos
                           ? std::optional<std::uint32_t>(1)
                           : number(std::string_view(part).substr(bracket + 2, part.size() - bracket - 3));
    if (!tasks || !times) return std::nullopt;
    nodes += *times;
    if (node < nodes) return tasks;
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- the system

std::optional<std::uint32_t> cpus_of_affinity() {
  for (int known = CPU_SETSIZE; known <= cpus_known_max; known *= 2) {
    std::vector<std::byte> set(CPU_ALLOC_SIZE(known));
    auto* const cpus = reinterpret_cast<cpu_set_t*>(set.data());
    if (sched_getaffinity(0, set.size(), cpus) == 0)
      return static_cast<std::uint32_t>(CPU_COUNT_S(set.size(), cpus));
    if (errno != EINVAL) break;
  }
  return std::nullopt;
}

}  // namespace

AllowedCpus allowed_cpus(const CpuBounds& bounds) {
  AllowedCpus allowed{.count = bounds.machine};
  const auto bound = [&](std::optional<std::uint32_t> count, std::string_view why) {
    if (count && *count < allowed.count) allowed = {*count, why};
  };
  bound(bounds.affinity, "the CPUs that this process may run on");
  bound(bounds.quota, "the cgroup's CPU quota");
  if (bounds.batch) bound(bounds.batch->cpus, bounds.batch->variable);
  allowed.count = std::max(allowed.count, 1U);
  return allowed;
}

std::optional<std::uint32_t> cpus_of_quota(const std::string& quota_and_period) {
  std::istringstream words(quota_and_period);
  std::int64_t quota = 0;
  std::int64_t period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  const std::int64_t cpus = quota / period + (quota % period == 0 ? 0 : 1);
  return static_cast<std::uint32_t>(std::min<std::int64_t>(cpus, std::numeric_limits<std::uint32_t>::max()));
}

std::optional<std::uint32_t> cpu_quota(const std::string& memberships, const std::string& mounts) {
  std::optional<std::uint32_t> quota;
  for (const GroupMount& mount : cpu_mounts(mounts)) {
    if (const auto group = group_of(memberships, mount.is_v2))
      quota = least(quota, quota_below(mount, *group));
  }
  return quota;
}

std::optional<BatchShare> slurm_share(const Variable& variable) {
  const auto count = [&](const char* name) {
    const auto value = number(variable(name).value_or(""));
    return value && *value > 0 ? value : std::nullopt;
  };
  if (const auto cpus = count("SLURM_CPUS_PER_TASK")) return BatchShare{*cpus, "SLURM_CPUS_PER_TASK"};
  const auto cpus = count("SLURM_CPUS_ON_NODE");
  if (!cpus) return std::nullopt;
  const std::uint32_t node = number(variable("SLURM_NODEID").value_or("")).value_or(0);
  const auto tasks = tasks_of_node(variable("SLURM_STEP_TASKS_PER_NODE").value_or("1"), node);
  return BatchShare{std::max(*cpus / std::max(tasks.value_or(1), 1U), 1U), "SLURM_CPUS_ON_NODE"};
}

CpuBounds read_cpu_bounds(const Variable& variable) {
  return {.machine = std::thread::hardware_concurrency(),
          .affinity = cpus_of_affinity(),
          .quota = cpu_quota(text_of("/proc/self/cgroup"), text_of("/proc/self/mountinfo")),
          .batch = slurm_share(variable)};
}

}  // namespace pq::agent
