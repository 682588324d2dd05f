#include "daemon/http/deliveries.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <utility>

#include "common/limits.h"

namespace pq {
namespace {

constexpr int closed = -1;

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int milliseconds_until(Instant then, Instant now) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - now);
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

Deliveries::Deliveries(const Clock& clock) : clock_(clock), thread_(&Deliveries::run, this) {}

Deliveries::~Deliveries() {
  stop_.ring();
  thread_.join();
  for (const Delivery& delivery : arrived_) ::close(delivery.fd);
}

void Deliveries::take(Place place, int fd, std::shared_ptr<const std::string> body) {
  const Instant now = clock_.now().instant;
  const std::scoped_lock lock(mutex_);
  arrived_.push_back(
      {std::move(place), fd, std::move(body), now + limits::delivery_longest, now + limits::delivery_stall});
  arrival_.ring();
}

void Deliveries::run() {
  std::vector<Delivery> under_way;
  std::vector<pollfd> watched;
  while (true) {
    watched = {{stop_.fd(), POLLIN, 0}, {arrival_.fd(), POLLIN, 0}};
    Instant wake_at = Instant::never();
    for (const Delivery& delivery : under_way) {
      watched.push_back({delivery.fd, static_cast<short>(delivery.says_farewell ? POLLIN : POLLOUT), 0});
      wake_at = std::min({wake_at, delivery.deadline, delivery.stalls_at});
    }
    ::poll(watched.data(), watched.size(),
           under_way.empty() ? -1 : milliseconds_until(wake_at, clock_.now().instant));
    if (stop_.is_ringing()) break;
    const Instant now = clock_.now().instant;
    for (std::size_t i = 0; i < under_way.size(); ++i) {
      if (watched[i + 2].revents != 0) advance(under_way[i], now);
      if (under_way[i].fd != closed && now >= std::min(under_way[i].deadline, under_way[i].stalls_at))
        ::close(std::exchange(under_way[i].fd, closed));
    }
    std::erase_if(under_way, [](const Delivery& delivery) { return delivery.fd == closed; });
    const std::scoped_lock lock(mutex_);
    arrival_.silence();
    std::move(arrived_.begin(), arrived_.end(), std::back_inserter(under_way));
    arrived_.clear();
  }
  for (const Delivery& delivery : under_way) ::close(delivery.fd);
}

// As much as the socket takes now.
void Deliveries::advance(Delivery& delivery, Instant now) {
  if (!delivery.says_farewell) {
    const std::size_t left = delivery.body->size() - delivery.sent;
    const ssize_t count = ::send(delivery.fd, delivery.body->data() + delivery.sent, left, MSG_NOSIGNAL);
    if (count > 0) {
      delivery.sent += static_cast<std::size_t>(count);
      delivery.stalls_at = now + limits::delivery_stall;
    } else if (!would_wait()) {
      ::close(std::exchange(delivery.fd, closed));
      return;
    }
    if (delivery.sent < delivery.body->size()) return;
    // A socket that is closed with bytes unread is reset, and the client may lose the end.
    ::shutdown(delivery.fd, SHUT_WR);
    delivery.says_farewell = true;
    delivery.stalls_at = now + limits::http_farewell;
    return;
  }
  std::array<char, 1024> unread{};
  const ssize_t count = ::recv(delivery.fd, unread.data(), unread.size(), 0);
  if (count == 0 || (count < 0 && !would_wait())) ::close(std::exchange(delivery.fd, closed));
}

}  // namespace pq
