// The ground under Dealer and Router: sockets of the process's one ZeroMQ context, their frames, and waiting.
// Only files of common/net include this, or zmq.h.
#pragma once

#include <zmq.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/instant.h"
#include "common/net/keys.h"

namespace pq {

class Socket {
 public:
  // REQUIRES of every setting below: an option and a value that libzmq knows; anything else ends the process.
  explicit Socket(int type);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void* handle() const { return handle_; }
  void set(int option, int value);
  void set(int option, const std::string& value);
  std::string text_of(int option) const;

  // Who this socket is, in CURVE.
  void set_keys(const KeyPair& keys);

  // Nothing that waits for ever, and nothing that a stranger can make larger than `message_bytes_max`.
  void set_bounds(Duration linger, std::size_t message_bytes_max, int messages_sent_max,
                  int messages_received_max);

  // Finds half-open connections: heartbeats within 20 s, TCP keepalive behind them.
  void set_heartbeats();

  // Never waits. False: errno says why.
  bool send(std::string_view bytes, int flags = 0);

 private:
  void* handle_;
};

// One frame of a message.
class Frame {
 public:
  Frame() { zmq_msg_init(&message_); }
  ~Frame() { zmq_msg_close(&message_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  // Never waits. False: there is none.
  bool receive(Socket& socket) { return zmq_msg_recv(&message_, socket.handle(), ZMQ_DONTWAIT) >= 0; }

  std::string_view bytes() {
    return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }
  bool has_more() const { return zmq_msg_more(&message_) != 0; }

  // Whom ZAP let in; null for nobody. Only on the frames of the content: the routing id's has lost it when
  // the message was fetched by a poll (libzmq before 4.3.5).
  const char* user_id() const { return zmq_msg_gets(&message_, "User-Id"); }

 private:
  zmq_msg_t message_;
};

// What a wait watches: sockets, then plain file descriptors.
std::vector<zmq_pollitem_t> poll_items(std::initializer_list<const Socket*> sockets,
                                       std::span<const int> fds);

// Sleeps until one of `items` is readable (their `revents` say which) or `patience` is over; a signal ends it
// early. False: none is.
bool poll_readable(std::span<zmq_pollitem_t> items, Duration patience);

// After poll_readable: is one of these?
bool is_any_readable(std::span<const zmq_pollitem_t> items);

// The time now, and the end of a wait that starts now.
Instant time_now();
Instant end_of(Duration patience);

// tcp://HOST:PORT: a name, an address or an interface, and a number; `*` stands for all of them or for any.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;  // 0: any

  bool is_ipv6() const { return host.front() == '['; }
};
std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace pq
