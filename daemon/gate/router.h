// The socket that accepts connections. A key check decides about each of them, and nobody else is heard.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/net/keys.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::gate {

// The answer to a connection attempt. A key is to come again while nobody can tell whether it has expired, or
// while the head has hardly any descriptors left.
enum class Admission { welcome, unknown, come_again };

// Called for every connection attempt: whether this key (Z85) has a role. It runs on the thread that calls
// Router::wait.
using KeyCheck = std::function<Admission(const std::string& public_key)>;

struct RouterMessage {
  PeerId peer;
  std::string public_key;  // the sender's CURVE key: who it is
  std::string bytes;
};

class Router {
 public:
  // Binds, with ZAP that fails closed. Throws EnvironmentError: the port is in use, or the endpoint is
  // invalid.
  Router(const std::string& endpoint, const KeyPair& keys, KeyCheck is_known);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // The endpoint, with the port that replaced a wildcard (tcp://127.0.0.1:*).
  const std::string& endpoint() const;

  // Sleeps until a message arrives, one of `fds` is readable, or `patience` is over. Answers key checks
  // meanwhile.
  void wait(Duration patience, std::span<const int> fds = {});

  // The next message, if one has arrived. Never waits. It drops and counts everything but one frame from an
  // authenticated peer with a routing id that the router has assigned.
  std::optional<RouterMessage> receive();

  // Never waits. False: the peer is gone or does not read.
  bool send(PeerId peer, std::string_view bytes);

  // Little is on its way to the peer, so another answer may follow.
  bool has_room(PeerId peer);
  // What is known of peers that were not heard since the last call.
  void forget_silent();

  std::uint64_t dropped() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Proves, over its own connection, that a Router with this key check refuses an unknown key and accepts a
// known one. Throws EnvironmentError otherwise: ZAP fails open if it is set up wrongly.
void prove_that_strangers_are_refused();

}  // namespace pq::gate
