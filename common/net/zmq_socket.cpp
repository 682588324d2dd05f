#include "common/net/zmq_socket.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "common/os/clock.h"
#include "common/os/descriptors.h"
#include "common/values/check.h"
#include "common/values/errors.h"

namespace pq::net {
namespace {

using namespace std::chrono_literals;

// The most descriptors that a context, the head's self-test and its sockets use. Without them libzmq ends the
// process.
constexpr std::size_t descriptors_needed = 32;

// One context for the whole process: with several, libsodium is closed for all when the first of them ends.
// Its end waits for every socket's LINGER, which sends the goodbye. But if a socket is still open, as when
// std::exit is called, it would wait without end.
class Context {
 public:
  Context() {
    if (!can_open(descriptors_needed)) throw_unopened(EMFILE);
    handle_ = zmq_ctx_new();
    check(handle_ != nullptr, "a_process_has_a_zmq_context");
    // The number of sockets, not of peers. Each costs four bytes; a load generator has thousands.
    zmq_ctx_set(handle_, ZMQ_MAX_SOCKETS, zmq_ctx_get(handle_, ZMQ_SOCKET_LIMIT));
  }
  ~Context() { end(); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void end() {
    if (open_sockets_ > 0 || std::exchange(has_ended_, true)) return;
    while (zmq_ctx_term(handle_) != 0 && errno == EINTR) {
    }
  }

  void* open(int type) {
    void* const socket = zmq_socket(handle_, type);
    if (socket == nullptr) throw_unopened(zmq_errno());
    ++open_sockets_;
    return socket;
  }
  void close(void* socket) {
    zmq_close(socket);
    --open_sockets_;
  }

 private:
  void* handle_ = nullptr;
  std::atomic<int> open_sockets_{0};
  bool has_ended_ = false;
};

Context& context() {
  static Context only;
  return only;
}

int milliseconds(Duration duration) {
  // Rounded up: a wait for less than a millisecond must not become a busy loop.
  const auto whole =
      std::chrono::ceil<std::chrono::milliseconds>(std::clamp(duration, Duration{0}, Duration{24h}));
  return static_cast<int>(whole.count());
}

}  // namespace

void finish_sending() { context().end(); }

void throw_unopened(int error) {
  const bool is_full = error == EMFILE || error == ENFILE;
  throw EnvironmentError(fmt::format("cannot open a socket: {}{}", zmq_strerror(error),
                                     is_full ? "; raise ulimit -n, or close what has them open" : ""));
}

Socket::Socket(int type) : handle_(context().open(type)) {}

Socket::~Socket() { context().close(handle_); }

void Socket::set(int option, int value) {
  check(zmq_setsockopt(handle_, option, &value, sizeof value) == 0, "a_socket_option_is_valid");
}

void Socket::set(int option, const std::string& value) {
  check(zmq_setsockopt(handle_, option, value.data(), value.size()) == 0, "a_socket_option_is_valid");
}

std::string Socket::text_of(int option) const {
  std::string text(1024, '\0');
  std::size_t size = text.size();
  check(zmq_getsockopt(handle_, option, text.data(), &size) == 0, "a_socket_option_is_valid");
  text.resize(size - 1);  // the size counts the final zero
  return text;
}

void Socket::set_keys(const KeyPair& keys) {
  set(ZMQ_CURVE_PUBLICKEY, keys.public_key);
  set(ZMQ_CURVE_SECRETKEY, keys.secret_key);
}

void Socket::set_bounds(Duration linger, std::size_t message_bytes_max, int messages_sent_max,
                        int messages_received_max) {
  set(ZMQ_LINGER, milliseconds(linger));
  set(ZMQ_SNDHWM, messages_sent_max);
  set(ZMQ_RCVHWM, messages_received_max);
  constexpr std::size_t curve_overhead = 33;  // of a frame: libzmq counts the bytes on the wire
  const auto bytes_max = static_cast<std::int64_t>(message_bytes_max + curve_overhead);
  check(zmq_setsockopt(handle_, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max) == 0,
        "a_socket_option_is_valid");
}

void Socket::set_keepalive() {
  set(ZMQ_TCP_KEEPALIVE, 1);
  set(ZMQ_TCP_KEEPALIVE_IDLE, 15);
  set(ZMQ_TCP_KEEPALIVE_INTVL, 5);
  set(ZMQ_TCP_KEEPALIVE_CNT, 3);
  set(ZMQ_TCP_MAXRT, milliseconds(20s));  // without this TCP retransmits for a quarter of an hour
}

bool Socket::send(std::string_view bytes, int flags) {
  if (zmq_send(handle_, bytes.data(), bytes.size(), flags | ZMQ_DONTWAIT) >= 0) return true;
  if (errno != EAGAIN) return false;
  // While libzmq is busy it checks its connections only about once a millisecond. So a queue can look full,
  // or a connection missing, when it is not. Asking for the events makes it check.
  int events = 0;
  std::size_t size = sizeof events;
  zmq_getsockopt(handle_, ZMQ_EVENTS, &events, &size);
  return zmq_send(handle_, bytes.data(), bytes.size(), flags | ZMQ_DONTWAIT) >= 0;
}

std::vector<zmq_pollitem_t> poll_items(std::initializer_list<const Socket*> sockets,
                                       std::span<const int> fds) {
  std::vector<zmq_pollitem_t> items;
  items.reserve(sockets.size() + fds.size());
  for (const Socket* socket : sockets) {
    items.push_back({.socket = socket->handle(), .fd = -1, .events = ZMQ_POLLIN, .revents = 0});
  }
  for (const int fd : fds) items.push_back({.socket = nullptr, .fd = fd, .events = ZMQ_POLLIN, .revents = 0});
  return items;
}

bool poll_readable(std::span<zmq_pollitem_t> items, Duration patience) {
  return zmq_poll(items.data(), static_cast<int>(items.size()), milliseconds(patience)) > 0;
}

bool is_any_readable(std::span<const zmq_pollitem_t> items) {
  return std::ranges::any_of(items, [](const zmq_pollitem_t& item) { return item.revents != 0; });
}

Instant time_now() { return SystemClock().now().instant; }

Instant end_of(Duration patience) {
  const Instant now = time_now();
  return patience < Instant::never() - now ? now + patience : Instant::never();
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  constexpr std::string_view scheme = "tcp://";
  const auto colon = text.rfind(':');
  if (!text.starts_with(scheme) || colon == text.npos || colon <= scheme.size()) return std::nullopt;
  Endpoint endpoint{.host = std::string(text.substr(scheme.size(), colon - scheme.size()))};
  const bool in_brackets = endpoint.is_ipv6() && endpoint.host.back() == ']';
  if (endpoint.host.find_first_of(in_brackets ? "/@; \t" : "/@; \t:[]") != std::string::npos)
    return std::nullopt;
  const std::string_view port = text.substr(colon + 1);
  if (port == "*") return endpoint;
  const auto [end, error] = std::from_chars(port.begin(), port.end(), endpoint.port);
  if (error != std::errc{} || end != port.end()) return std::nullopt;
  return endpoint;
}

}  // namespace pq::net
