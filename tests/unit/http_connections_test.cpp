// The connections of HTTP by themselves: who makes room for whom, and when each is closed.

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "daemon/http/connections.h"
#include "daemon/http/limits.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// Connections, and the clients at their other ends.
struct Clients {
  http::Connection& come(Instant deadline = Instant::never()) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    clients.emplace_back(ends[1]);
    http::Connection& made = connections.add(Descriptor(ends[0]), deadline);
    last = made.id;
    connections.settle(made);
    return made;
  }
  void becomes(http::Connection& connection, http::Connection::State state) {
    connection.state = std::move(state);
    connections.settle(connection);
  }
  // Those of whom something is to be heard now.
  std::set<http::ConnectionId> ready(std::uint32_t events) {
    std::set<http::ConnectionId> ids;
    for (const epoll_event& event : connections.wait({}, {})) {
      const http::ConnectionId id = event.data.u64;  // a copy: the event is packed
      if ((event.events & events) != 0) ids.insert(id);
    }
    return ids;
  }

  http::Connections connections;
  std::deque<Descriptor> clients;
  http::ConnectionId last = 0;
};

}  // namespace

TEST_CASE("where too many send their request, the oldest makes room") {
  Clients all;
  const http::ConnectionId first = all.come().id;
  for (std::size_t i = 1; i < limits::visitors_max; ++i) all.come();
  CHECK(all.connections.find(first) != nullptr);
  CHECK_FALSE(all.connections.has_room<http::Reading>());
  all.come();
  CHECK(all.connections.find(first) == nullptr);
  CHECK(all.connections.find(first + 1) != nullptr);
  CHECK(all.connections.find(all.last) != nullptr);
}

TEST_CASE("only those in the same state make room") {
  Clients all;
  const http::ConnectionId listener = all.come().id;
  all.becomes(*all.connections.find(listener), http::Listening{});
  const http::ConnectionId first = all.come().id;
  all.becomes(*all.connections.find(first), http::Closing{});
  for (std::size_t i = 0; i < limits::answers_max; ++i) all.becomes(all.come(), http::Closing{});
  CHECK(all.connections.find(first) == nullptr);
  CHECK(all.connections.find(listener) != nullptr);
}

TEST_CASE("there is room until a state is full, and again when one leaves it") {
  Clients all;
  for (std::size_t i = 0; i < limits::deliveries_max; ++i) {
    REQUIRE(all.connections.has_room<http::Delivering>());
    all.becomes(all.come(), http::Delivering{});
  }
  CHECK_FALSE(all.connections.has_room<http::Delivering>());
  CHECK(all.connections.has_room<http::Listening>());
  CHECK(all.connections.has_room<http::Rendering>());
  http::Connection* one = all.connections.find(all.last);
  REQUIRE(one != nullptr);
  one->socket.close();
  all.connections.settle(*one);
  CHECK(all.connections.has_room<http::Delivering>());
  CHECK(all.connections.find(all.last) == nullptr);
}

TEST_CASE("a connection is closed at its deadline and not before") {
  Clients all;
  const Instant now{1h};
  const http::ConnectionId first = all.come(now + 2s).id;
  const http::ConnectionId second = all.come(now + 1s).id;
  all.connections.close_overdue(now + 999ms);
  CHECK(all.connections.find(second) != nullptr);
  all.connections.close_overdue(now + 1s);
  CHECK(all.connections.find(second) == nullptr);
  CHECK(all.connections.find(first) != nullptr);
  all.connections.find(first)->deadline = now + 5s;
  all.connections.close_overdue(now + 2s);
  CHECK(all.connections.find(first) != nullptr);
  all.connections.close_overdue(now + 5s);
  CHECK(all.connections.find(first) == nullptr);
}

TEST_CASE("a socket is watched for what its state waits for") {
  Clients all;
  const http::ConnectionId reading = all.come().id;
  const http::ConnectionId rendering = all.come().id;
  all.becomes(*all.connections.find(rendering), http::Rendering{});
  const http::ConnectionId writing = all.come().id;
  all.becomes(*all.connections.find(writing), http::Writing{});
  const http::ConnectionId listening = all.come().id;
  all.becomes(*all.connections.find(listening), http::Listening{});
  CHECK(all.ready(EPOLLIN) == std::set<http::ConnectionId>{});
  CHECK(all.ready(EPOLLOUT) == std::set<http::ConnectionId>{writing});
  for (const Descriptor& client : all.clients) REQUIRE(::send(client.fd(), "x", 1, 0) == 1);
  CHECK(all.ready(EPOLLIN) == std::set<http::ConnectionId>{reading, listening});
  http::Connection& told = *all.connections.find(listening);
  std::get<http::Listening>(told.state).texts.push_back({std::make_shared<const std::string>("x"), {}});
  all.connections.settle(told);
  CHECK(all.ready(EPOLLOUT) == std::set<http::ConnectionId>{writing, listening});
  all.clients[1].close();
  CHECK(all.ready(EPOLLHUP) == std::set<http::ConnectionId>{rendering});
}

TEST_CASE("something else is waited for until it is set aside, and again afterwards") {
  Clients all;
  constexpr http::ConnectionId other = 3;
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Descriptor watched(ends[0]);
  const Descriptor far(ends[1]);
  all.connections.watch(watched.fd(), other);
  REQUIRE(::send(far.fd(), "x", 1, 0) == 1);
  CHECK(all.ready(EPOLLIN) == std::set<http::ConnectionId>{other});
  all.connections.set_watched(watched.fd(), other, false);
  CHECK(all.ready(EPOLLIN) == std::set<http::ConnectionId>{});
  all.connections.set_watched(watched.fd(), other, true);
  CHECK(all.ready(EPOLLIN) == std::set<http::ConnectionId>{other});
}

}  // namespace pq::tests
