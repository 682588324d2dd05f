// The base of Dealer and Router: sockets of the process's one ZeroMQ context, their frames, and waiting. Only
// files of common/net and daemon/gate include this, or zmq.h.
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

#include "common/net/keys.h"
#include "common/values/instant.h"

namespace pq::net {

// The text of libzmq's errno.
[[noreturn]] void throw_unopened(int error);

class Socket {
 public:
  // Throws EnvironmentError: there are too many descriptors. REQUIRES, for every setting below: libzmq knows
  // the option and the value; otherwise the process ends.
  explicit Socket(int type);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void* handle() const { return handle_; }
  void set(int option, int value);
  void set(int option, const std::string& value);
  std::string text_of(int option) const;

  // This socket's identity in CURVE.
  void set_keys(const KeyPair& keys);

  // No call waits without end, and no stranger can make it hold more than `message_bytes_max`.
  void set_bounds(Duration linger, std::size_t message_bytes_max, int messages_sent_max,
                  int messages_received_max);

  // Lets the kernel detect half-open connections: within 20 s if something was sent, within 30 s otherwise.
  // There are no ZMTP heartbeats. For each timer that it cancels, libzmq walks the timers of all connections.
  // So pings would cost the head in proportion to the square of its fleet.
  void set_keepalive();

  // Never waits. False: errno says why.
  bool send(std::string_view bytes, int flags = 0);

 private:
  void* handle_;
};

// The settings of a Dealer's socket. A load generator uses them too, for thousands of sockets like it.
void set_dealer_options(Socket& socket, const Credentials& credentials, std::size_t message_bytes_max);

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

  // The key that ZAP accepted; null: none. Only frames of the content have it: the frame of the routing id
  // loses it when a poll fetched the message (libzmq before 4.3.5).
  const char* user_id() const { return zmq_msg_gets(&message_, "User-Id"); }

  // The descriptor of the connection that it came over, which another thread may have closed since; -1: none.
  // The same frames have it.
  int connection() { return zmq_msg_get(&message_, ZMQ_SRCFD); }

 private:
  zmq_msg_t message_;
};

// What a wait observes: sockets, then plain file descriptors.
std::vector<zmq_pollitem_t> poll_items(std::initializer_list<const Socket*> sockets,
                                       std::span<const int> fds);

// Sleeps until one of `items` is readable (their `revents` say which) or `patience` is over. A signal ends
// the wait early. False: none is readable.
bool poll_readable(std::span<zmq_pollitem_t> items, Duration patience);

// After poll_readable: whether one of these is readable.
bool is_any_readable(std::span<const zmq_pollitem_t> items);

// The time now, and the end of a wait that starts now.
Instant time_now();
Instant end_of(Duration patience);

// tcp://HOST:PORT: HOST is a name, an address or an interface, PORT a number. `*` as HOST means all of them,
// as PORT any.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;  // 0: any

  bool is_ipv6() const { return host.front() == '['; }
};
std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace pq::net
