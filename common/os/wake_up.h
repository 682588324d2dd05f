// What one thread sets to wake another one that polls.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "common/os/descriptor.h"
#include "common/values/check.h"
#include "common/values/errors.h"

namespace pq::os {

class WakeUp {
 public:
  WakeUp() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!event_.is_open())
      throw EnvironmentError("cannot make an eventfd: raise the limit of open files (ulimit -n)");
  }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  // Readable while it is set.
  int fd() const { return event_.fd(); }
  bool is_set() const { return is_set_; }

  // Any thread may set it, as often as it likes. Who polls clears it first and then looks at what it was set
  // for, so that nothing which comes meanwhile is missed.
  void set() {
    is_set_ = true;
    const std::uint64_t one = 1;
    check(::write(fd(), &one, sizeof one) == sizeof one, "an eventfd takes a count");
  }
  void clear() {
    is_set_ = false;
    std::uint64_t count = 0;
    check(::read(fd(), &count, sizeof count) == sizeof count || errno == EAGAIN,
          "an eventfd gives its count");
  }

 private:
  Descriptor event_;
  std::atomic<bool> is_set_ = false;
};

}  // namespace pq::os
