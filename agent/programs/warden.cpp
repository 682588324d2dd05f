#include "agent/programs/warden.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "agent/programs/orphans.h"
#include "agent/programs/remove_tree.h"
#include "common/values/errors.h"

namespace pq::programs {
namespace {

constexpr int passes_max = 20;  // over all processes: each may have started others meanwhile

// It has its own session, ignores signals meant for the agent, and keeps only the pipe open.
void go_apart(int pipe_end) {
  setsid();
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) signal(number, SIG_IGN);
  prctl(PR_SET_NAME, "pq-warden");
  const int nothing = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) dup2(nothing, fd);
  dup2(pipe_end, 3);
  close_range(4, ~0U, 0);
}

[[noreturn]] void keep_watch(int pipe_end, RunTable& runs, const ControlGroup& group, const std::string& mark,
                             const std::filesystem::path& scratch) {
  go_apart(pipe_end);
  char nothing = 0;
  while (read(3, &nothing, 1) < 0 && errno == EINTR) {
  }
  runs.kill_all();
  group.end();
  kill_marked(mark, passes_max);
  remove_tree(scratch);
  std::error_code ignored;
  std::filesystem::remove(scratch.string() + ".lock", ignored);
  _exit(0);
}

}  // namespace

Warden::Warden(RunTable& runs, const std::string& mark, const std::filesystem::path& scratch) : group_(mark) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw EnvironmentError("cannot make a pipe: raise the limit of open files (ulimit -n)");
  const Descriptor watched(ends[0]);
  alive_ = Descriptor(ends[1]);
  id_ = fork();
  if (id_ < 0) throw EnvironmentError("cannot start the warden: raise the limit of processes (ulimit -u)");
  if (id_ == 0) {
    alive_.close();
    keep_watch(watched.fd(), runs, group_, mark, scratch);
  }
  group_.enter();
}

void Warden::finish() {
  group_.leave();
  alive_.close();
  while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace pq::programs
