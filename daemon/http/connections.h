// The open connections of HTTP: the state of each, its deadline, and what its socket is watched for. Each
// state is bounded in time and in number, so clients that are slow, silent or many cost the others nothing.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <variant>

#include "common/os/descriptor.h"
#include "common/values/instant.h"
#include "daemon/http/renderer.h"
#include "daemon/http/response.h"

namespace pq::http {

// The client sends its request.
struct Reading {
  std::string request = {};
};
// The renderer makes the page.
struct Rendering {};
// The client receives its response.
struct Writing {
  Response response;
  Instant ends_at;
  std::size_t sent = 0;  // of head and body
};
// The same, where the body is an agent's program.
struct Delivering : Writing {};
// The client receives events: first of all the response's head, then the whole state, then changes.
struct Listening {
  struct Text {
    std::shared_ptr<const std::string> text;
    Instant since;  // it waits
  };
  std::deque<Text> texts = {};
  std::size_t sent = 0;    // of the first text
  bool has_state = false;  // it knows the latest snapshot, once `texts` are sent
};
// The client has its response and is to close.
struct Closing {};

struct Connection {
  using State = std::variant<Reading, Rendering, Writing, Delivering, Listening, Closing>;

  ConnectionId id;
  Descriptor socket;  // closed: the connection is over
  Instant deadline;   // then it is closed
  State state = Reading{};
  std::size_t counted = 0;                              // the state's index when it was settled
  std::optional<std::uint32_t> watched = std::nullopt;  // epoll's events
};

class Connections {
 public:
  static constexpr ConnectionId first_id = 16;

  // Throws EnvironmentError.
  Connections();

  // Something else to wait for, with an `id` below first_id. Throws EnvironmentError.
  void watch(int fd, ConnectionId id);
  // Whether it is waited for now. Never fails.
  void set_watched(int fd, ConnectionId id, bool is_watched);

  // What is ready. Waits for it until `then` or the next deadline.
  std::span<const epoll_event> wait(Instant then, Instant now);

  Connection& add(Descriptor socket, Instant deadline);
  // nullptr: it is over.
  Connection* find(ConnectionId id);
  // Follows each change of a connection: watches its socket, or forgets it if it is over. Where too many are
  // in its state, the oldest of them is closed.
  void settle(Connection& connection);
  void close_overdue(Instant now);

  // Whether one more may enter this state without closing another one.
  template <class State>
  bool has_room() const {
    return counts_[index_of<State>] < counts_max[index_of<State>];
  }
  template <class State>
  bool has_any() const {
    return counts_[index_of<State>] > 0;
  }
  // REQUIRES: `act` leaves each in its state, or closes it.
  template <class State>
  void each(auto act) {
    for (auto next = connections_.begin(); next != connections_.end();) {
      Connection& connection = (next++)->second;
      State* state = std::get_if<State>(&connection.state);
      if (state == nullptr) continue;
      act(connection, *state);
      settle(connection);
    }
  }

 private:
  template <class State, std::size_t index = 0>
  static constexpr std::size_t find_index() {
    if constexpr (std::is_same_v<State, std::variant_alternative_t<index, Connection::State>>) {
      return index;
    } else {
      return find_index<State, index + 1>();
    }
  }
  template <class State>
  static constexpr std::size_t index_of = find_index<State>();

  using Counts = std::array<std::size_t, std::variant_size_v<Connection::State>>;
  static const Counts counts_max;

  Descriptor epoll_;
  std::array<epoll_event, 64> ready_{};
  std::map<ConnectionId, Connection> connections_;  // the oldest first
  ConnectionId next_id_ = first_id;
  Counts counts_{};
  Instant next_deadline_ = Instant::never();  // no connection has an earlier one
};

}  // namespace pq::http
