#include "daemon/http/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace pq {

Connection::Connection(int fd, const Bell& stop, const Clock& clock)
    : fd_(fd), stop_(stop), clock_(clock), deadline_(clock.now().instant + limits::http_exchange_longest) {}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<int> Connection::hand_over() {
  if (is_broken_) return std::nullopt;
  return std::exchange(fd_, -1);
}

// A socket that is closed with bytes unread is reset, and the client may lose the answer.
void Connection::see_off() {
  ::shutdown(fd_, SHUT_WR);
  deadline_ = std::min(deadline_, clock_.now().instant + limits::http_farewell);
  while (waits_for(POLLIN) && ::recv(fd_, request_.data(), request_.size(), 0) > 0) {
  }
}

ssize_t Connection::read(char* bytes, std::size_t size) {
  if (taken_ == filled_) {
    if (filled_ == request_.size() || !waits_for(POLLIN)) return -1;
    const ssize_t count = ::recv(fd_, request_.data() + filled_, request_.size() - filled_, 0);
    if (count <= 0) return count;
    filled_ += static_cast<std::size_t>(count);
  }
  const std::size_t count = std::min(size, filled_ - taken_);
  std::copy_n(request_.data() + taken_, count, bytes);
  taken_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, std::size_t size) {
  const ssize_t count = waits_for(POLLOUT) ? ::send(fd_, bytes, size, MSG_NOSIGNAL) : -1;
  is_broken_ = is_broken_ || count < 0;
  return count;
}

bool Connection::waits_for(short event) const {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(deadline_ - clock_.now().instant);
  std::array<pollfd, 2> watched{{{fd_, event, 0}, {stop_.fd(), POLLIN, 0}}};
  if (left <= milliseconds(0) || ::poll(watched.data(), watched.size(), static_cast<int>(left.count())) <= 0)
    return false;
  return watched[1].revents == 0;
}

}  // namespace pq
