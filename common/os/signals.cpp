#include "common/os/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/errors.h"

namespace pq {

StopSignals::StopSignals() {
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGTERM);
  sigaddset(&stopping, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
  signal(SIGPIPE, SIG_IGN);
  fd_ = signalfd(-1, &stopping, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd_ < 0) throw EnvironmentError("cannot make a signalfd: raise the limit of open files (ulimit -n)");
}

StopSignals::~StopSignals() { close(fd_); }

std::optional<int> StopSignals::take() {
  signalfd_siginfo info{};
  if (read(fd_, &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace pq
