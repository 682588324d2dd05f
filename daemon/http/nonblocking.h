// What a thread needs that serves many non-blocking sockets by poll().
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "common/instant.h"

namespace pq {

// In the place of a socket that is no more.
inline constexpr int closed_socket = -1;

inline void close_socket(int& fd) { ::close(std::exchange(fd, closed_socket)); }

// After a call that failed: no fault of the socket's, it is only not ready.
inline bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// As poll() takes it: not before `then`, and at once if that has passed.
inline int poll_patience_ms(Instant then, Instant now) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - now);
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace pq
