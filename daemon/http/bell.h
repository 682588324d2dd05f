// Something to poll that another thread rings.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "common/check.h"
#include "common/errors.h"

namespace pq {

class Bell {
 public:
  Bell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) throw EnvironmentError("cannot make an eventfd: raise the limit of open files (ulimit -n)");
  }
  ~Bell() { ::close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  // Readable while it rings.
  int fd() const { return fd_; }
  bool is_ringing() const { return rings_; }

  // REQUIRES: no two of these calls at the same time.
  void ring() {
    if (rings_.exchange(true)) return;
    const std::uint64_t one = 1;
    check(::write(fd_, &one, sizeof one) == sizeof one, "an eventfd takes a count");
  }
  void silence() {
    std::uint64_t count = 0;
    if (rings_.exchange(false))
      check(::read(fd_, &count, sizeof count) == sizeof count, "a bell that rings is readable");
  }

 private:
  int fd_;
  std::atomic<bool> rings_ = false;
};

}  // namespace pq
