#include "agent/programs/control_group.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>

namespace pq::tests {
namespace {

const std::string usual_mounts =
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    "30 23 0:27 / /proc rw - proc proc rw\n";
const std::string mixed_mounts =
    "31 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

}  // namespace

TEST_CASE("a process is in the control group that its kernel names, wherever those are mounted") {
  CHECK(control_group_dir("0::/system.slice/pq-agent.service\n", usual_mounts) ==
        "/sys/fs/cgroup/system.slice/pq-agent.service");
  CHECK(control_group_dir("4:memory:/old\n0::/new\n", mixed_mounts) == "/sys/fs/cgroup/unified/new");
  CHECK(control_group_dir("4:memory:/old\n0::/\n", mixed_mounts) == "/sys/fs/cgroup/unified/");
}

TEST_CASE("without cgroup v2, or where only a part of it is to be seen, there is none") {
  CHECK(control_group_dir("4:memory:/old\n", mixed_mounts).empty());
  CHECK(control_group_dir("0::/new\n", "30 23 0:27 / /proc rw - proc proc rw\n").empty());
  CHECK(control_group_dir("0::/new\n", "29 23 0:26 /part /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n").empty());
  CHECK(control_group_dir("", "").empty());
}

}  // namespace pq::tests
