// How many CPUs this process may use. That can be fewer than the machine has: affinity, control groups and
// the batch system limit them. The functions work on texts; only read_cpu_bounds() asks the system.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/values/rooms.h"

namespace pq::agent {

struct AllowedCpus {
  std::uint32_t count = 1;
  std::string_view why = "the machine's cores";  // sets that number
};

// The batch system's share of the machine, and the variable that holds it.
struct BatchShare {
  std::uint32_t cpus = 1;
  std::string_view variable;
  friend bool operator==(const BatchShare&, const BatchShare&) = default;
};

// The limit of each source, if it sets one.
struct CpuBounds {
  std::uint32_t machine = 1;
  std::optional<std::uint32_t> affinity = {};
  std::optional<std::uint32_t> quota = {};
  std::optional<BatchShare> batch = {};
};

// The lowest limit, at least 1.
AllowedCpus allowed_cpus(const CpuBounds& bounds);

// CPUs of a quota: "150000 100000" means 150000 microseconds in each period of 100000, rounded up to 2.
// nullopt: no limit, as in "max 100000" and "-1 100000".
std::optional<std::uint32_t> cpus_of_quota(const std::string& quota_and_period);

// The lowest quota of this process's control groups, v1 or v2, from its own up to the mounted one. The
// arguments are /proc/self/cgroup and /proc/self/mountinfo.
std::optional<std::uint32_t> cpu_quota(const std::string& memberships, const std::string& mounts);

// Slurm's share of a task. A script of sbatch has all CPUs of its job on this node. Tasks that srun starts
// share the CPUs of their step there, unless srun was told how many CPUs each takes.
using Variable = std::function<std::optional<std::string>(const char*)>;
std::optional<BatchShare> slurm_share(const Variable& variable);

// The limits of this process now.
CpuBounds read_cpu_bounds(const Variable& variable);

}  // namespace pq::agent
