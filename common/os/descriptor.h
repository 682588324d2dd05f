// An open file descriptor and who closes it.
#pragma once

#include <unistd.h>

#include <utility>

#include "common/values/rooms.h"

namespace pq::os {

// Closes what it holds when it is destroyed. Empty by default.
class Descriptor {
 public:
  Descriptor() = default;
  // Takes over `fd`, which may be -1: none.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this == &other) return *this;
    close();
    fd_ = other.release();
    return *this;
  }
  ~Descriptor() { close(); }

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // From now on the caller closes it.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace pq::os
