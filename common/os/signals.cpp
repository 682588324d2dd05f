#include "common/os/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

#include "common/values/errors.h"

namespace pq::os {
namespace {

// Blocks these signals; from now on they are read.
int readable(const std::vector<int>& signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) throw EnvironmentError("cannot make a signalfd: raise the limit of open files (ulimit -n)");
  return fd;
}

// A blocked signal would arrive even if it is ignored.
std::vector<int> with_usual(std::initializer_list<int> others) {
  std::vector<int> signals{SIGTERM, SIGINT};
  for (const int number : others) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) signals.push_back(number);
  }
  return signals;
}

// The number of the next signal, if there is one.
std::optional<int> next(int fd) {
  signalfd_siginfo info{};
  if (read(fd, &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace

StopSignals::StopSignals(std::initializer_list<int> others) : fd_(readable(with_usual(others))) {
  signal(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() { close(fd_); }

std::optional<int> StopSignals::take() { return next(fd_); }

bool StopSignals::is_one_waiting() {
  constexpr std::array stopping{SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
  sigset_t waiting;
  sigpending(&waiting);
  return std::any_of(stopping.begin(), stopping.end(),
                     [&](int number) { return sigismember(&waiting, number) == 1; });
}

ResizeSignal::ResizeSignal() : fd_(readable({SIGWINCH})) {}

ResizeSignal::~ResizeSignal() { close(fd_); }

bool ResizeSignal::take() { return next(fd_).has_value(); }

}  // namespace pq::os
