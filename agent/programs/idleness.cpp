#include "agent/programs/idleness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/os/descriptor.h"

namespace pq::programs {
namespace {

constexpr std::size_t processes_max = 64;   // of one program; with more the answer is unknown
constexpr nlink_t links_of_one_thread = 3;  // of /proc/N/task: itself, its parent and a thread

// System calls that wait for events: nobody can see for which.
constexpr std::initializer_list<long> event_waits = {
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_select
    SYS_select,
#endif
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
#ifdef SYS_epoll_pwait
    SYS_epoll_pwait,
#endif
    SYS_ppoll,       SYS_pselect6, SYS_futex};

std::optional<std::string> read_short(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const ssize_t count = file.is_open() ? read(file.fd(), text.data(), text.size()) : -1;
  if (count < 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(count));
}

std::vector<pid_t> children_of(pid_t process) {
  const auto list = read_short(fmt::format("/proc/{}/task/{}/children", process, process));
  std::vector<pid_t> children;
  for (std::string_view rest = list ? *list : std::string_view(); !rest.empty();) {
    pid_t child = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), child);
    if (child > 0) children.push_back(child);
    rest.remove_prefix(std::min(rest.find(' '), rest.size() - 1) + 1);
  }
  return children;
}

// The system call that a single-threaded process is in, with its first argument.
Doing doing_of_one(pid_t process) {
  struct stat threads {};
  if (stat(fmt::format("/proc/{}/task", process).c_str(), &threads) != 0 ||
      threads.st_nlink != links_of_one_thread)
    return Doing::unknown;
  const auto said = read_short(fmt::format("/proc/{}/syscall", process));
  if (!said) return Doing::unknown;
  long call = -1;
  const auto [end, error] = std::from_chars(said->data(), said->data() + said->size(), call);
  if (error != std::errc()) return Doing::computes;  // "running"
  if (call == SYS_wait4 || call == SYS_waitid) return Doing::waits_for_a_line;
  const std::string_view arguments(end, static_cast<std::size_t>(said->data() + said->size() - end));
  if (call == SYS_read && arguments.starts_with(" 0x0 ")) return Doing::waits_for_a_line;
  const bool is_event = std::find(event_waits.begin(), event_waits.end(), call) != event_waits.end();
  return is_event ? Doing::unknown : Doing::computes;
}

Doing doing_now(pid_t leader) {
  std::vector<pid_t> processes{leader};
  Doing all = Doing::waits_for_a_line;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const Doing one = doing_of_one(processes[i]);
    if (one == Doing::computes) return one;
    if (one == Doing::unknown) all = one;
    const auto children = children_of(processes[i]);
    processes.insert(processes.end(), children.begin(), children.end());
    if (processes.size() > processes_max) return Doing::unknown;
  }
  return all;
}

}  // namespace

// Looks twice: one process may have passed data to another while the first was examined. The second look sees
// it.
Doing doing_of(pid_t leader) {
  const Doing first = doing_now(leader);
  return first == Doing::waits_for_a_line ? doing_now(leader) : first;
}

}  // namespace pq::programs
