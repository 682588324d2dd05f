// Child processes, where the kernel gives a descriptor of an exit with the child, where it refuses to, as
// emulators do, and where it knows no such descriptors.
#include "agent/programs/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <utility>

#include "agent/programs/run_table.h"
#include "tests/rooms.h"

namespace {

using namespace pq;
using namespace pq::tests;

enum class ExitDescriptors { come_with_the_child, come_later, are_unknown };

// For this thread, and for what it starts. False: not possible here, as under an emulator.
bool have_kernel_refuse(bool opening_too) {
  const std::uint32_t refused_later = opening_too ? SYS_pidfd_open : ~0U;
  std::array<sock_filter, 8> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused_later, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_PIDFD, 2, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
  }};
  const sock_fprog program{filter.size(), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool gives_descriptor_with_child() {
  int fd = -1;
  const long child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &fd, nullptr, nullptr);
  if (child == 0) _exit(0);
  if (child < 0) return false;
  const Descriptor closed(fd);
  return waitpid(static_cast<pid_t>(child), nullptr, 0) == child && fd >= 0;
}

class Bench {
 public:
  tl::expected<Process, int> starts(const std::string& path, const std::string& script, bool reads = false) {
    std::string name = "sh";
    std::string flag = "-c";
    std::string words = script;
    const std::array<char*, 4> arguments{name.data(), flag.data(), words.data(), nullptr};
    const std::array<char*, 1> environment{nullptr};
    return Process::start({path.c_str(), arguments.data(), environment.data(), root_.fd(), 0, reads}, group_);
  }
  Process shell(const std::string& script, bool reads = false) {
    auto process = starts("/bin/sh", script, reads);
    REQUIRE(process.has_value());
    return *std::move(process);
  }
  int error_of(const std::string& path) {
    const auto process = starts(path, "");
    return process ? 0 : process.error();
  }
  GroupSlot& group() { return group_; }
  pid_t number_told() { return runs_.row(0).group; }

 private:
  const Descriptor root_{open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  RunTable runs_{1};
  GroupSlot group_{&runs_.row(0).group};
};

std::string all_of(Descriptor& from) {
  std::string text;
  std::array<char, 256> bytes{};
  for (ssize_t count = 1; count > 0;) {
    count = read(from.fd(), bytes.data(), bytes.size());
    if (count > 0) text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return text;
}

// Waits by its descriptor, or by asking where there is none.
bool exits(const Process& process) {
  pollfd exit{process.exit_fd(), POLLIN, 0};
  for (int i = 0; i < 1000 && !process.has_exited(); ++i) poll(&exit, 1, process.exit_fd() < 0 ? 10 : 10'000);
  return process.has_exited();
}

int open_files() {
  int count = 0;
  for (int fd = 0; fd < 256; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

void lives_and_dies(ExitDescriptors descriptors) {
  Bench b;
  const bool has_exit_fd = descriptors != ExitDescriptors::are_unknown;
  b.shell("exit 0");  // what is opened once and kept is now open
  const int open_before = open_files();
  {
    Process process = b.shell("read -r line; echo $line; echo $$ >&2; exit 3", true);
    CHECK((process.exit_fd() >= 0) == has_exit_fd);
    CHECK_FALSE(process.has_exited());
    CHECK(write(process.input().fd(), "so\n", 3) == 3);
    CHECK(all_of(process.output()) == "so\n");
    CHECK(all_of(process.errors()) == std::to_string(b.number_told()) + "\n");
    CHECK(exits(process));
    CHECK(WEXITSTATUS(process.end()) == 3);
  }
  {
    Process process =
        b.shell("ls /proc/self/fd; cut -d' ' -f5 /proc/$$/stat; grep -E '^Sig(Blk|Ign)' /proc/self/status");
    const std::string group = std::to_string(b.number_told());
    CHECK(all_of(process.output()) ==
          "0\n1\n2\n3\n" + group + "\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    CHECK(exits(process));
    CHECK(process.end() == 0);
  }
  {
    Process process = b.shell("sleep 1000 & echo; wait");
    std::array<char, 1> line{};
    CHECK(read(process.output().fd(), line.data(), 1) == 1);
    b.group().kill();
    CHECK(exits(process));
    CHECK(all_of(process.output()).empty());  // no other holds it open
    CHECK(WTERMSIG(process.end()) == SIGKILL);
  }
  CHECK(b.error_of("/no/such/program") == ENOENT);
  CHECK(b.error_of("/dev/null") == EACCES);
  CHECK(b.number_told() == 0);
  CHECK(open_files() == open_before);
}

}  // namespace

TEST_CASE("a child process lives and dies the same, wherever its exit is told from") {
  if (gives_descriptor_with_child()) lives_and_dies(ExitDescriptors::come_with_the_child);
  // On threads of their own: once the kernel has refused something, it refuses it for good.
  std::async(std::launch::async, [] {
    const bool is_refused = have_kernel_refuse(false) || !gives_descriptor_with_child();
    REQUIRE(is_refused);
    REQUIRE_FALSE(gives_descriptor_with_child());
    lives_and_dies(ExitDescriptors::come_later);
  }).get();
  std::async(std::launch::async, [] {
    const bool is_emulated = !gives_descriptor_with_child();
    const bool is_refused = have_kernel_refuse(true);
    CHECK((is_refused || is_emulated));
    if (is_refused) lives_and_dies(ExitDescriptors::are_unknown);
  }).get();
}
