#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/net/socket.h"
#include "common/net/zmq_socket.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr Duration goodbye_chance = 300ms;  // for what was sent just before the end
constexpr Duration redial_after = 1s;
constexpr int queued_max = 1000;

constexpr int watched_events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CLOSED |
                               ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

void configure(Socket& socket, const Credentials& credentials, std::size_t message_bytes_max) {
  socket.set_bounds(goodbye_chance, message_bytes_max, queued_max, queued_max);
  socket.set_heartbeats();
  // A message is taken only by a connection that stands: one that waited for a head to come would be out of
  // date.
  socket.set(ZMQ_IMMEDIATE, 1);
  socket.set(ZMQ_RECONNECT_IVL, 100);
  socket.set(ZMQ_RECONNECT_IVL_MAX, 2000);
  socket.set(ZMQ_CONNECT_TIMEOUT, 10000);
  socket.set(ZMQ_HANDSHAKE_IVL, 30000);  // longer than a head needs to take 10 000 agents back (13 s)
  socket.set(ZMQ_CURVE_SERVERKEY, credentials.head_public_key);
  socket.set_keys(credentials.own);
}

Endpoint endpoint_to_dial(const std::string& text) {
  const auto endpoint = parse_endpoint(text);
  if (endpoint && endpoint->port != 0 && endpoint->host != "*") return *endpoint;
  throw EnvironmentError(
      fmt::format("cannot connect to {}: that is no endpoint; write --head tcp://HOST:PORT", text),
      ExitStatus::usage);
}

std::string new_monitor_name() {
  static std::atomic<unsigned> count{0};
  return fmt::format("inproc://pq.monitor.{}", ++count);
}

}  // namespace

struct Dealer::Parts {
  Parts(const Credentials& credentials, std::size_t message_bytes_max);
  ~Parts() { zmq_socket_monitor(socket.handle(), nullptr, 0); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void dial();
  void redial_if_due();
  void follow_events();
  void follow(unsigned event);

  std::string endpoint;
  Socket socket{ZMQ_DEALER};
  Socket monitor{ZMQ_PAIR};
  Link link = Link::connecting;
  bool is_hanging_up = false;  // disconnected, and libzmq has not said yet that it tries again
  Instant redial_at = Instant::never();
};

Dealer::Parts::Parts(const Credentials& credentials, std::size_t message_bytes_max)
    : endpoint(credentials.head_endpoint) {
  if (endpoint_to_dial(endpoint).is_ipv6()) socket.set(ZMQ_IPV6, 1);
  configure(socket, credentials, message_bytes_max);
  const std::string name = new_monitor_name();
  check(zmq_socket_monitor(socket.handle(), name.c_str(), watched_events) == 0, "a_socket_can_be_monitored");
  monitor.set(ZMQ_LINGER, 0);
  monitor.set(ZMQ_RCVHWM, 0);  // the I/O thread would wait for an owner who does not look
  check(zmq_connect(monitor.handle(), name.c_str()) == 0, "a_monitor_can_be_read");
  dial();
}

void Dealer::Parts::dial() {
  if (zmq_connect(socket.handle(), endpoint.c_str()) == 0) return;
  throw EnvironmentError(fmt::format("cannot connect to {}: {}; write --head tcp://HOST:PORT", endpoint,
                                     zmq_strerror(zmq_errno())),
                         ExitStatus::usage);
}

// libzmq tries again by itself when a connection breaks, but never again after one that broke its protocol: a
// web server at that port would silence a whole fleet for good, also after the head has its port back.
void Dealer::Parts::redial_if_due() {
  if (time_now() < redial_at) return;
  redial_at = Instant::never();
  is_hanging_up = false;
  zmq_disconnect(socket.handle(), endpoint.c_str());
  dial();
}

void Dealer::Parts::follow_events() {
  Frame event;
  while (event.receive(monitor)) {
    std::uint16_t number = 0;
    check(event.bytes().size() >= sizeof number && event.has_more(), "a_monitor_event_has_two_frames");
    std::memcpy(&number, event.bytes().data(), sizeof number);
    event.receive(monitor);  // the address
    follow(number);
  }
}

void Dealer::Parts::follow(unsigned event) {
  switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      link = Link::up;
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      link = Link::key_refused;
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      link = Link::wrong_head;
      break;
    case ZMQ_EVENT_CONNECTED:
      if (link == Link::nobody_listens) link = Link::connecting;
      break;
    case ZMQ_EVENT_DISCONNECTED:
      if (link == Link::key_refused) break;
      // Without a handshake before it, and without a failed one: an end of the line that speaks something
      // else.
      link = link == Link::up ? Link::connecting : Link::wrong_head;
      is_hanging_up = true;
      redial_at = time_now() + redial_after;
      break;
    case ZMQ_EVENT_CONNECT_RETRIED:
      // The first one after a connection only tells that there will be another attempt.
      if (!std::exchange(is_hanging_up, false)) link = Link::nobody_listens;
      redial_at = Instant::never();
      break;
    case ZMQ_EVENT_CLOSED:
      link = Link::nobody_listens;
      break;
    default:
      break;
  }
}

Dealer::Dealer(const Credentials& credentials, std::size_t message_bytes_max)
    : parts_(std::make_unique<Parts>(credentials, message_bytes_max)) {}

Dealer::~Dealer() = default;
Dealer::Dealer(Dealer&&) noexcept = default;
Dealer& Dealer::operator=(Dealer&&) noexcept = default;

bool Dealer::send(std::string_view bytes) { return parts_->socket.send(bytes); }

std::optional<std::string> Dealer::receive() {
  Frame frame;
  if (!frame.receive(parts_->socket)) return std::nullopt;
  std::string bytes(frame.bytes());
  // The head sends one frame; more of them are not its, and not a message.
  bool is_whole = true;
  while (frame.has_more() && frame.receive(parts_->socket)) is_whole = false;
  if (!is_whole) return std::nullopt;
  return bytes;
}

void Dealer::wait(Duration patience, std::span<const int> fds) {
  const Instant end = end_of(patience);
  auto items = poll_items({&parts_->monitor, &parts_->socket}, fds);
  const auto others = std::span(items).subspan(1);
  const Link before = parts_->link;
  do {
    const bool is_readable = poll_readable(items, std::min(end, parts_->redial_at) - time_now());
    parts_->follow_events();
    parts_->redial_if_due();
    if (parts_->link != before || (is_readable && is_any_readable(others))) return;
  } while (time_now() < end);
}

Link Dealer::link() {
  parts_->follow_events();
  parts_->redial_if_due();
  return parts_->link;
}

}  // namespace pq
