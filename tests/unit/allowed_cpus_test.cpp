// What bounds the CPUs of an agent: affinity, quotas of control groups of both versions, Slurm.

#include "agent/allowed_cpus.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "agent/machine.h"
#include "common/values/limits.h"
#include "common/values/text.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

// A made tree of control groups, as the kernel would show it.
struct Tree {
  void has_quota(const std::string& group, const std::string& cpu_max) const {
    fs::create_directories(dir.path() / group);
    std::ofstream(dir.path() / group / "cpu.max") << cpu_max << '\n';
  }
  void has_old_quota(const std::string& group, const std::string& quota_us) const {
    fs::create_directories(dir.path() / group);
    std::ofstream(dir.path() / group / "cpu.cfs_quota_us") << quota_us << '\n';
    std::ofstream(dir.path() / group / "cpu.cfs_period_us") << "100000\n";
  }
  std::string mounted(const std::string& tree, const std::string& root = "/") const {
    return "29 23 0:26 " + root + " " + dir.path().string() + " rw,nosuid shared:4 - " + tree + "\n";
  }

  ScratchDir dir;
};

const std::string v2 = "cgroup2 cgroup2 rw,nsdelegate";
const std::string v1 = "cgroup cgroup rw,cpu,cpuacct";

std::optional<BatchShare> share(const std::map<std::string, std::string>& environment) {
  return slurm_share([&](const char* name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace

TEST_CASE("the least of all bounds holds, it says which that is, and one is always left") {
  CHECK(allowed_cpus({.machine = 8}).count == 8);
  CHECK(allowed_cpus({.machine = 8}).why == "the machine's cores");
  CHECK(allowed_cpus({.machine = 8, .affinity = 8, .quota = 64}).why == "the machine's cores");
  CHECK(allowed_cpus({.machine = 8, .affinity = 4, .quota = 4}).why ==
        "the CPUs that this process may run on");
  const AllowedCpus quota = allowed_cpus({.machine = 64, .affinity = 32, .quota = 2});
  CHECK(quota.count == 2);
  CHECK(quota.why == "the cgroup's CPU quota");
  const AllowedCpus batch =
      allowed_cpus({.machine = 128, .quota = 16, .batch = BatchShare{4, "SLURM_CPUS_PER_TASK"}});
  CHECK(batch.count == 4);
  CHECK(batch.why == "SLURM_CPUS_PER_TASK");
  CHECK(allowed_cpus({.machine = 0}).count == 1);
}

TEST_CASE("a quota is CPUs, rounded up, and none is no bound") {
  CHECK(cpus_of_quota("50000 100000") == 1);
  CHECK(cpus_of_quota("100000 100000\n") == 1);
  CHECK(cpus_of_quota("100001 100000") == 2);
  CHECK(cpus_of_quota("1000 250000") == 1);
  CHECK(cpus_of_quota("9223372036854775807 1") == 4294967295U);
  for (const char* const none : {"max 100000", "-1 100000", "0 100000", "100000 0", "100000", "", "x y"}) {
    CAPTURE(none);
    CHECK_FALSE(cpus_of_quota(none).has_value());
  }
}

TEST_CASE("the quota of a process is the least on the way from its group to the top, v2") {
  const Tree tree;
  tree.has_quota("a/b/c", "max 100000");
  CHECK_FALSE(cpu_quota("0::/a/b/c\n", tree.mounted(v2)).has_value());
  tree.has_quota("a", "400000 100000");
  CHECK(cpu_quota("0::/a/b/c\n", tree.mounted(v2)) == 4);
  tree.has_quota("a/b", "150000 100000");
  CHECK(cpu_quota("0::/a/b/c\n", tree.mounted(v2)) == 2);
  CHECK(cpu_quota("0::/a\n", tree.mounted(v2)) == 4);
  CHECK_FALSE(cpu_quota("0::/\n", tree.mounted(v2)).has_value());
  CHECK_FALSE(cpu_quota("0::/other\n", tree.mounted(v2)).has_value());
  CHECK_FALSE(cpu_quota("", tree.mounted(v2)).has_value());
  CHECK_FALSE(cpu_quota("0::/a/b/c\n", "").has_value());
}

TEST_CASE("the same for v1, in the tree that has the CPUs, and for both at once") {
  const Tree tree;
  tree.has_old_quota(".", "-1");
  tree.has_old_quota("a", "250000");
  tree.has_old_quota("a/b", "-1");
  const std::string member = "5:memory:/a/b\n4:cpu,cpuacct:/a/b\n3:cpuset:/\n";
  CHECK(cpu_quota(member, tree.mounted(v1)) == 3);
  CHECK_FALSE(cpu_quota(member, tree.mounted("cgroup cgroup rw,cpuset")).has_value());
  CHECK_FALSE(cpu_quota("5:memory:/a/b\n", tree.mounted(v1)).has_value());
  const Tree other;
  other.has_quota("x", "100000 100000");
  CHECK(cpu_quota(member + "0::/x\n", tree.mounted(v1) + other.mounted(v2)) == 1);
}

TEST_CASE(
    "a container sees its own group at the place of the whole tree, by another name than it has there") {
  const Tree tree;
  tree.has_quota(".", "200000 100000");
  tree.has_quota("inner", "100000 100000");
  CHECK(cpu_quota("0::/docker/abc\n", tree.mounted(v2, "/docker/abc")) == 2);
  CHECK(cpu_quota("0::/docker/abc/inner\n", tree.mounted(v2, "/docker/abc")) == 1);
  CHECK(cpu_quota("0::/elsewhere\n", tree.mounted(v2, "/docker/abc")) == 2);
  CHECK(cpu_quota("0::/../..\n", tree.mounted(v2)) == 2);  // of a namespace that it has been moved out of
  const std::string place = (tree.dir.path() / "with blank").string();
  tree.has_quota("with blank", "300000 100000");
  CHECK(cpu_quota("0::/\n",
                  "29 23 0:26 / " + tree.dir.path().string() + "/with\\040blank rw - " + v2 + "\n") == 3);
}

TEST_CASE("a task of Slurm has the CPUs that it was given, or its part of those on the node") {
  CHECK_FALSE(share({}).has_value());
  CHECK(share({{"SLURM_CPUS_PER_TASK", "4"}, {"SLURM_CPUS_ON_NODE", "16"}}) ==
        BatchShare{4, "SLURM_CPUS_PER_TASK"});
  // A script of sbatch runs once, whatever tasks it starts later.
  CHECK(share({{"SLURM_CPUS_ON_NODE", "16"}, {"SLURM_TASKS_PER_NODE", "4"}}) ==
        BatchShare{16, "SLURM_CPUS_ON_NODE"});
  std::map<std::string, std::string> step = {
      {"SLURM_CPUS_ON_NODE", "16"}, {"SLURM_STEP_TASKS_PER_NODE", "4(x2),1"}, {"SLURM_NODEID", "1"}};
  CHECK(share(step) == BatchShare{4, "SLURM_CPUS_ON_NODE"});
  step["SLURM_NODEID"] = "2";
  CHECK(share(step) == BatchShare{16, "SLURM_CPUS_ON_NODE"});
  step["SLURM_STEP_TASKS_PER_NODE"] = "64";
  step["SLURM_NODEID"] = "0";
  CHECK(share(step) == BatchShare{1, "SLURM_CPUS_ON_NODE"});
  for (const char* const wrong : {"", "0", "-4", "four", "4 ", "99999999999"}) {
    CAPTURE(wrong);
    CHECK_FALSE(share({{"SLURM_CPUS_PER_TASK", wrong}}).has_value());
  }
  for (const char* const wrong : {"", "(x", "4(x", "4(x)", "x", ","}) {
    CAPTURE(wrong);
    step["SLURM_STEP_TASKS_PER_NODE"] = wrong;
    CHECK(share(step) == BatchShare{16, "SLURM_CPUS_ON_NODE"});
  }
}

TEST_CASE("this process may use at least one CPU, and not more than its affinity says") {
  const CpuBounds bounds = read_cpu_bounds([](const char*) { return std::nullopt; });
  REQUIRE(bounds.affinity.has_value());
  CHECK(*bounds.affinity >= 1);
  CHECK(allowed_cpus(bounds).count <= *bounds.affinity);
}

// ---------------------------------------------------------------- names

TEST_CASE("a drawn name has the host's, and other bits make another name") {
  CHECK(drawn_name("node-7.example", 0) == "node-7.example-0000000000000");
  CHECK(drawn_name("node-7", ~std::uint64_t{0}) == "node-7-zzzzzzzzzzzzf");
  for (int bit = 0; bit < 64; ++bit) {
    const std::string name = drawn_name("h", std::uint64_t{1} << static_cast<unsigned>(bit));
    CHECK(name != drawn_name("h", 0));
    CHECK(is_file_name(name));
  }
}

TEST_CASE("a drawn name fits, whatever the host is called") {
  CHECK(drawn_name(std::string(64, 'x'), 1).size() == limits::name_bytes_max);
  CHECK(drawn_name("", 0) == "agent-0000000000000");
  CHECK(drawn_name("a\nb c\xe9", 0) == "abc-0000000000000");
  CHECK(drawn_name("-.a-b", 0) == "a-b-0000000000000");
}

}  // namespace pq::tests
