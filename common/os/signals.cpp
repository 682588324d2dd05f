#include "common/os/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <initializer_list>

#include "common/errors.h"

namespace pq {
namespace {

// Blocks these signals: from now on they are read.
int readable(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) throw EnvironmentError("cannot make a signalfd: raise the limit of open files (ulimit -n)");
  return fd;
}

// The number of the next one, if any.
std::optional<int> next(int fd) {
  signalfd_siginfo info{};
  if (read(fd, &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace

StopSignals::StopSignals() : fd_(readable({SIGTERM, SIGINT})) { signal(SIGPIPE, SIG_IGN); }

StopSignals::~StopSignals() { close(fd_); }

std::optional<int> StopSignals::take() { return next(fd_); }

ResizeSignal::ResizeSignal() : fd_(readable({SIGWINCH})) {}

ResizeSignal::~ResizeSignal() { close(fd_); }

bool ResizeSignal::take() { return next(fd_).has_value(); }

}  // namespace pq
