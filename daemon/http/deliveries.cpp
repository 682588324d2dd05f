#include "daemon/http/deliveries.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "common/limits.h"
#include "common/os/priority.h"
#include "daemon/http/nonblocking.h"

namespace pq {
Deliveries::Deliveries(const Clock& clock) : clock_(clock), thread_(&Deliveries::run, this) {}

Deliveries::~Deliveries() {
  stop_.ring();
  thread_.join();
  for (const Delivery& delivery : arrived_) ::close(delivery.fd);
}

void Deliveries::take_agent(Place place, int fd, std::string head, std::shared_ptr<const std::string> body) {
  const Instant now = clock_.now().instant;
  take({std::move(place), fd, std::move(head), std::move(body), now + limits::delivery_longest,
        now + limits::delivery_stall});
}

void Deliveries::take_page(int fd, std::string head, std::shared_ptr<const std::string> body) {
  auto place = pages_.reserve();
  if (!place) {
    ::close(fd);
    return;
  }
  const Instant deadline = clock_.now().instant + limits::http_exchange_longest;
  take({std::move(*place), fd, std::move(head), std::move(body), deadline, deadline});
}

void Deliveries::take(Delivery delivery) {
  const std::scoped_lock lock(mutex_);
  arrived_.push_back(std::move(delivery));
  arrival_.ring();
}

std::vector<Deliveries::Delivery> Deliveries::take_arrived() {
  const std::scoped_lock lock(mutex_);
  arrival_.silence();
  return std::exchange(arrived_, {});
}

void Deliveries::run() {
  give_way();  // to the turn
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
           under_way.empty() ? -1 : poll_patience_ms(wake_at, clock_.now().instant));
    if (stop_.is_ringing()) break;
    const Instant now = clock_.now().instant;
    for (std::size_t i = 0; i < under_way.size(); ++i) {
      if (watched[i + 2].revents != 0) advance(under_way[i], now);
      if (under_way[i].fd != closed_socket && now >= std::min(under_way[i].deadline, under_way[i].stalls_at))
        close_socket(under_way[i].fd);
    }
    std::erase_if(under_way, [](const Delivery& delivery) { return delivery.fd == closed_socket; });
    for (Delivery& delivery : take_arrived()) {
      advance(delivery, now);  // most take all of it at once
      if (delivery.fd != closed_socket) under_way.push_back(std::move(delivery));
    }
  }
  for (const Delivery& delivery : under_way) ::close(delivery.fd);
}

// As much as the socket takes now.
void Deliveries::advance(Delivery& delivery, Instant now) {
  if (delivery.says_farewell) return hear_farewell(delivery);
  const std::string_view head = delivery.head;
  const std::string_view body = delivery.body ? std::string_view(*delivery.body) : std::string_view();
  while (delivery.sent < head.size() + body.size()) {
    const bool is_in_head = delivery.sent < head.size();
    const std::string_view left =
        is_in_head ? head.substr(delivery.sent) : body.substr(delivery.sent - head.size());
    const int flags = MSG_NOSIGNAL | (is_in_head && !body.empty() ? MSG_MORE : 0);
    const ssize_t count = ::send(delivery.fd, left.data(), left.size(), flags);
    if (count < 0 && would_wait()) return;
    if (count < 0) return close_socket(delivery.fd);
    delivery.sent += static_cast<std::size_t>(count);
    delivery.stalls_at = std::min(delivery.deadline, now + limits::delivery_stall);
  }
  // A socket that is closed with bytes unread is reset, and the client may lose the end.
  ::shutdown(delivery.fd, SHUT_WR);
  delivery.says_farewell = true;
  delivery.stalls_at = now + limits::http_farewell;
}

void Deliveries::hear_farewell(Delivery& delivery) {
  std::array<char, 1 << 16> unread;
  const ssize_t count = ::recv(delivery.fd, unread.data(), unread.size(), 0);
  if (count == 0 || (count < 0 && !would_wait())) close_socket(delivery.fd);
}

}  // namespace pq
