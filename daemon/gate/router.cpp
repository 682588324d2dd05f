#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/net/socket.h"
#include "common/net/zmq_socket.h"
#include "common/os/why_not_bound.h"
#include "common/protocol/limits.h"
#include "common/values/check.h"
#include "common/values/errors.h"
#include "daemon/gate/limits.h"
#include "daemon/gate/outflow.h"
#include "daemon/gate/router.h"
#include "daemon/gate/zap.h"

namespace pq::gate {
namespace {

using namespace std::chrono_literals;

// libzmq 4.3 has this function, but declares it only in its unstable interface.
constexpr int zap_enforce_domain = 93;

// Room for one turn's answers to a peer that sends without waiting for answers. libzmq learns what has left
// only after each half of this bound, and a moment late: two thirds of it may have left and still count.
constexpr int unsent_per_peer_max = 3 * static_cast<int>(limits::messages_per_turn);

// A peer whose messages are all dropped must not hold the head inside one receive().
constexpr int drops_in_a_row_max = 1000;

// The names that a ROUTER gives to peers: a zero and a number. The peer chose a name of another form.
using RoutingId = std::array<char, 5>;

RoutingId routing_id_of(PeerId peer) {
  RoutingId id{};
  for (std::size_t i = id.size() - 1; i > 0; --i) {
    id[i] = static_cast<char>(peer.value & 255U);
    peer.value >>= 8U;
  }
  return id;
}

std::optional<PeerId> peer_of(std::string_view routing_id) {
  if (routing_id.size() != RoutingId{}.size() || routing_id[0] != 0) return std::nullopt;
  PeerId peer;
  for (const char character : routing_id)
    peer.value = peer.value << 8U | static_cast<unsigned char>(character);
  return peer;
}

void refuse_when_nobody_answers(Socket& socket) {
  socket.set(ZMQ_ZAP_DOMAIN, std::string(zap_domain));
  const int wanted = 1;
  int set = 0;
  std::size_t size = sizeof set;
  if (zmq_setsockopt(socket.handle(), zap_enforce_domain, &wanted, sizeof wanted) != 0 ||
      zmq_getsockopt(socket.handle(), zap_enforce_domain, &set, &size) != 0 || set != wanted) {
    throw EnvironmentError(
        "this libzmq cannot refuse strangers (option ZAP_ENFORCE_DOMAIN); install libzmq 4.3.4 or later");
  }
}

void configure(Socket& socket, const KeyPair& keys) {
  socket.set_bounds(500ms, limits::message_bytes_max, unsent_per_peer_max, limits::unread_per_peer_max);
  socket.set_keepalive();
  socket.set(ZMQ_ROUTER_MANDATORY, 1);
  socket.set(ZMQ_ROUTER_HANDOVER, 0);
  socket.set(ZMQ_SNDTIMEO, 0);
  socket.set(ZMQ_HANDSHAKE_IVL, 5000);  // a silent connection costs a descriptor for that long
  socket.set(ZMQ_BACKLOG, 4096);        // a whole fleet comes back at once
  socket.set(ZMQ_CURVE_SERVER, 1);
  socket.set(ZMQ_CURVE_SECRETKEY, keys.secret_key);
  refuse_when_nobody_answers(socket);
}

[[noreturn]] void throw_not_bound(const std::string& endpoint, int error) {
  const std::string_view advice = error == EADDRINUSE
                                      ? "stop the other daemon or pass --listen"
                                      : "pass --listen tcp://ADDRESS:PORT with an address of this machine";
  throw EnvironmentError(fmt::format("cannot bind {}: {}; {}", endpoint, why_not_bound(error), advice));
}

std::string bind(Socket& socket, const std::string& text) {
  const auto endpoint = parse_endpoint(text);
  if (!endpoint) {
    throw EnvironmentError(
        fmt::format("cannot listen at {}: that is no endpoint; write tcp://ADDRESS:PORT or tcp://*:PORT",
                    text),
        ExitStatus::usage);
  }
  if (endpoint->is_ipv6()) socket.set(ZMQ_IPV6, 1);
  if (zmq_bind(socket.handle(), text.c_str()) != 0) throw_not_bound(text, zmq_errno());
  return socket.text_of(ZMQ_LAST_ENDPOINT);
}

}  // namespace

struct Router::Parts {
  explicit Parts(KeyCheck is_known) : zap(std::move(is_known)) {}

  // Takes one message off the queue; nullopt: drop it. REQUIRES: `first` is its first frame.
  std::optional<RouterMessage> read(Frame& first);

  Zap zap;  // outlives the socket that asks it
  Socket socket{ZMQ_ROUTER};
  Outflow outflow;
  std::string endpoint;
  std::uint64_t dropped = 0;
};

std::optional<RouterMessage> Router::Parts::read(Frame& first) {
  const auto peer = peer_of(first.bytes());
  Frame content;
  if (!first.has_more() || !content.receive(socket)) return std::nullopt;
  if (content.has_more()) {
    Frame rest;
    while (rest.receive(socket) && rest.has_more()) {
    }
    return std::nullopt;
  }
  const char* key = content.user_id();
  if (!peer || key == nullptr) return std::nullopt;
  outflow.hear(*peer, content.connection());
  return RouterMessage{.peer = *peer, .public_key = key, .bytes = std::string(content.bytes())};
}

Router::Router(const std::string& endpoint, const KeyPair& keys, KeyCheck is_known)
    : parts_(std::make_unique<Parts>(std::move(is_known))) {
  configure(parts_->socket, keys);
  parts_->endpoint = bind(parts_->socket, endpoint);
}

Router::~Router() = default;

const std::string& Router::endpoint() const { return parts_->endpoint; }

void Router::wait(Duration patience, std::span<const int> fds) {
  const Instant end = end_of(patience);
  auto items = poll_items({&parts_->zap.socket(), &parts_->socket}, fds);
  const zmq_pollitem_t& question = items.front();
  const auto others = std::span(items).subspan(1);
  while (poll_readable(items, patience)) {
    if (question.revents != 0) parts_->zap.answer_all();
    if (is_any_readable(others)) return;
    patience = end - time_now();
    if (patience <= Duration{0}) return;
  }
}

std::optional<RouterMessage> Router::receive() {
  for (int drops = 0; drops < drops_in_a_row_max; ++drops) {
    Frame first;
    if (!first.receive(parts_->socket)) return std::nullopt;
    if (auto message = parts_->read(first)) return message;
    ++parts_->dropped;
  }
  return std::nullopt;
}

bool Router::send(PeerId peer, std::string_view bytes) {
  if (!parts_->outflow.add(peer, bytes.size())) return false;
  const RoutingId id = routing_id_of(peer);
  // The first frame shows whether the peer is there and reads; after it the second cannot fail.
  const bool is_there =
      parts_->socket.send({id.data(), id.size()}, ZMQ_SNDMORE) && parts_->socket.send(bytes);
  if (!is_there) parts_->outflow.forget(peer);
  return is_there;
}

bool Router::has_room(PeerId peer) { return parts_->outflow.has_room(peer); }

void Router::forget_silent() { parts_->outflow.forget_silent(); }

std::uint64_t Router::dropped() const { return parts_->dropped; }

}  // namespace pq::gate
