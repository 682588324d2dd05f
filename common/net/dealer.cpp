#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <utility>

#include "common/net/socket.h"
#include "common/net/zmq_socket.h"
#include "common/values/check.h"

namespace pq::net {
namespace {

using namespace std::chrono_literals;

constexpr Duration goodbye_chance = 300ms;  // for messages that were sent just before the end
constexpr Duration redial_after = 1s;
constexpr Duration greeting_by_head = 4s;  // a busy head hangs up a little later than this, but not sooner
constexpr int queued_max = 1000;
constexpr std::uint32_t refused_for_now = 500;  // as the gate answers ZAP where a key's time is doubtful

constexpr int watched_events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CLOSED |
                               ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

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

void set_dealer_options(Socket& socket, const Credentials& credentials, std::size_t message_bytes_max) {
  socket.set_bounds(goodbye_chance, message_bytes_max, queued_max, queued_max);
  socket.set_keepalive();
  // Messages are queued only for an established connection: one that waited for a head would be out of date.
  socket.set(ZMQ_IMMEDIATE, 1);
  socket.set(ZMQ_RECONNECT_IVL, 100);
  socket.set(ZMQ_RECONNECT_IVL_MAX, 2000);
  socket.set(ZMQ_CONNECT_TIMEOUT, 10000);
  socket.set(ZMQ_HANDSHAKE_IVL, 30000);  // longer than a head needs to take 10 000 agents back (13 s)
  socket.set(ZMQ_CURVE_SERVERKEY, credentials.head_public_key);
  socket.set_keys(credentials.own);
}

struct Dealer::Parts {
  Parts(const Credentials& credentials, std::size_t message_bytes_max);
  ~Parts() { zmq_socket_monitor(socket.handle(), nullptr, 0); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  void dial();
  void redial_if_due();
  void follow_events();
  void follow(unsigned event, std::uint32_t value);

  void follow_disconnect();

  std::string endpoint;
  Socket socket{ZMQ_DEALER};
  Socket monitor{ZMQ_PAIR};
  Link link = Link::connecting;
  bool is_hanging_up = false;  // disconnected; libzmq has not reported a new attempt yet
  Instant redial_at = Instant::never();
  Instant connected_at;
  bool is_connected = false;  // since then
};

Dealer::Parts::Parts(const Credentials& credentials, std::size_t message_bytes_max)
    : endpoint(credentials.head_endpoint) {
  if (endpoint_to_dial(endpoint).is_ipv6()) socket.set(ZMQ_IPV6, 1);
  set_dealer_options(socket, credentials, message_bytes_max);
  const std::string name = new_monitor_name();
  if (zmq_socket_monitor(socket.handle(), name.c_str(), watched_events) != 0) throw_unopened(zmq_errno());
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

// libzmq reconnects by itself when a connection breaks, but never after a protocol error. So a web server at
// that port would silence a whole fleet for good, even after the head is back there.
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
    std::uint32_t value = 0;
    check(event.bytes().size() >= sizeof number + sizeof value && event.has_more(),
          "a_monitor_event_has_two_frames");
    std::memcpy(&number, event.bytes().data(), sizeof number);
    std::memcpy(&value, event.bytes().data() + sizeof number, sizeof value);
    event.receive(monitor);  // the address
    follow(number, value);
  }
}

void Dealer::Parts::follow(unsigned event, std::uint32_t value) {
  switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      link = Link::up;
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      link = value == refused_for_now ? Link::come_again : Link::key_refused;
      break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      link = Link::wrong_head;
      break;
    case ZMQ_EVENT_CONNECTED:
      connected_at = time_now();
      is_connected = true;
      if (link == Link::nobody_listens) link = Link::connecting;
      break;
    case ZMQ_EVENT_DISCONNECTED:
      follow_disconnect();
      break;
    case ZMQ_EVENT_CONNECT_RETRIED:
      // The first such event after a connection only announces another attempt.
      if (!std::exchange(is_hanging_up, false)) link = Link::nobody_listens;
      redial_at = Instant::never();
      break;
    case ZMQ_EVENT_CLOSED:
      is_connected = false;
      link = Link::nobody_listens;
      break;
    default:
      break;
  }
}

void Dealer::Parts::follow_disconnect() {
  is_connected = false;
  if (link == Link::key_refused) return;
  const bool is_late = time_now() - connected_at > greeting_by_head;
  // Soon after connecting, without a handshake and without a failed one: the other side speaks something
  // else.
  if (link != Link::come_again) link = link == Link::up || is_late ? Link::connecting : Link::wrong_head;
  is_hanging_up = true;
  redial_at = time_now() + redial_after;
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
  // The head sends one frame. More frames did not come from it, and are no message.
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

std::optional<Instant> Dealer::ungreeted_since() {
  const bool is_ungreeted = link() == Link::connecting && parts_->is_connected;
  return is_ungreeted ? std::optional(parts_->connected_at) : std::nullopt;
}

Link Dealer::link() {
  parts_->follow_events();
  parts_->redial_if_due();
  return parts_->link;
}

}  // namespace pq::net
