#include "common/net/zmq_socket.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "common/check.h"
#include "common/os/clock.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

// There is one for the whole process: with several, libsodium is closed for all when the first of them ends.
// Its end waits until every socket's LINGER is over, which is what gets a goodbye out; but only if all
// sockets are closed, for std::exit amid something would wait for ever.
class Context {
 public:
  Context() : handle_(zmq_ctx_new()) {
    check(handle_ != nullptr, "a_process_has_a_zmq_context");
    // Sockets, not peers. Costs four bytes each; a load generator has thousands.
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
    ++open_sockets_;
    return zmq_socket(handle_, type);
  }
  void close(void* socket) {
    zmq_close(socket);
    --open_sockets_;
  }

 private:
  void* handle_;
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

Socket::Socket(int type) : handle_(context().open(type)) {
  check(handle_ != nullptr, "a_socket_can_be_made");
}

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
  constexpr std::size_t curve_overhead = 33;  // of a frame: libzmq measures what is on the wire
  const auto bytes_max = static_cast<std::int64_t>(message_bytes_max + curve_overhead);
  check(zmq_setsockopt(handle_, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max) == 0,
        "a_socket_option_is_valid");
}

void Socket::set_heartbeats() {
  set(ZMQ_HEARTBEAT_IVL, milliseconds(5s));
  set(ZMQ_HEARTBEAT_TIMEOUT, milliseconds(15s));
  set(ZMQ_HEARTBEAT_TTL, milliseconds(20s));
  set(ZMQ_TCP_KEEPALIVE, 1);
  set(ZMQ_TCP_KEEPALIVE_IDLE, 60);
  set(ZMQ_TCP_KEEPALIVE_INTVL, 10);
  set(ZMQ_TCP_KEEPALIVE_CNT, 3);
}

bool Socket::send(std::string_view bytes, int flags) {
  if (zmq_send(handle_, bytes.data(), bytes.size(), flags | ZMQ_DONTWAIT) >= 0) return true;
  if (errno != EAGAIN) return false;
  // libzmq looks for news of its connections about once in a millisecond while it is busy, so a queue can
  // look full that is not, or a connection missing that is there. Asking for the events makes it look.
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

}  // namespace pq
