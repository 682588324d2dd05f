#include "daemon/http/connections.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/values/errors.h"
#include "daemon/http/limits.h"

namespace pq::http {
namespace {

std::uint32_t events_wanted(const Connection::State& state) {
  if (std::holds_alternative<Rendering>(state)) return 0;  // its errors are reported anyway
  if (std::holds_alternative<Writing>(state) || std::holds_alternative<Delivering>(state)) return EPOLLOUT;
  const auto* listening = std::get_if<Listening>(&state);
  return listening != nullptr && !listening->texts.empty() ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

// As epoll_wait takes it: not before `then`; -1: for ever.
int patience_ms(Instant then, Instant now) {
  constexpr std::int64_t longest = 60'000;
  if (then == Instant::never()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, longest));
}

}  // namespace

// Those that wait, fetch an agent or listen are refused beyond it, the others make room.
const Connections::Counts Connections::counts_max = {limits::visitors_max, limits::visitors_max,
                                                     limits::answers_max,  limits::deliveries_max,
                                                     limits::streams_max,  limits::answers_max};

Connections::Connections() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open())
    throw EnvironmentError("cannot make an epoll: raise the limit of open files (ulimit -n)");
}

void Connections::watch(int fd, ConnectionId id) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
  if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw EnvironmentError("cannot watch a socket for HTTP: raise fs.epoll.max_user_watches (sysctl)");
}

void Connections::set_watched(int fd, ConnectionId id, bool is_watched) {
  epoll_event event{.events = is_watched ? std::uint32_t{EPOLLIN} : 0U, .data = {.u64 = id}};
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, fd, &event);
}

std::span<const epoll_event> Connections::wait(Instant then, Instant now) {
  const int count = ::epoll_wait(epoll_.fd(), ready_.data(), static_cast<int>(ready_.size()),
                                 patience_ms(std::min(then, next_deadline_), now));
  return {ready_.data(), static_cast<std::size_t>(std::max(count, 0))};
}

Connection& Connections::add(Descriptor socket, Instant deadline) {
  const ConnectionId id = next_id_++;
  Connection& made = connections_.try_emplace(id, Connection{id, std::move(socket), deadline}).first->second;
  counts_[made.counted] += 1;
  return made;
}

Connection* Connections::find(ConnectionId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : &found->second;
}

void Connections::settle(Connection& connection) {
  counts_[connection.counted] -= 1;
  if (const std::uint32_t wanted = events_wanted(connection.state);
      connection.socket.is_open() && connection.watched != wanted) {
    epoll_event event{.events = wanted, .data = {.u64 = connection.id}};
    const int action = connection.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(epoll_.fd(), action, connection.socket.fd(), &event) != 0) connection.socket.close();
    connection.watched = wanted;
  }
  if (!connection.socket.is_open()) {
    connections_.erase(connection.id);
    return;
  }
  const std::size_t state = connection.counted = connection.state.index();
  next_deadline_ = std::min(next_deadline_, connection.deadline);
  if (++counts_[state] <= counts_max[state]) return;
  counts_[state] -= 1;
  connections_.erase(std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& one) { return one.second.counted == state; }));
}

void Connections::close_overdue(Instant now) {
  if (now < next_deadline_) return;
  next_deadline_ = Instant::never();
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = (next++)->second;
    if (now >= connection.deadline) connection.socket.close();
    settle(connection);
  }
}

}  // namespace pq::http
