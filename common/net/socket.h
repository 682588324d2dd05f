// Sockets of pq: a Dealer (agents, clients) that talks to one Router (the head), CURVE always on. Only files
// of common/net include zmq; nobody else knows that ZeroMQ is beneath. All of a process's sockets live in one
// context and each belongs to one thread; a process has one Router at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/errors.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/net/keys.h"

namespace pq {

// How the connection of a Dealer stands, as far as its last event told.
enum class Link {
  connecting,      // nothing known yet
  nobody_listens,  // the last attempt to connect was refused or timed out; it is tried again with backoff
  key_refused,     // the head does not know this key: this socket will never connect, make a new one to retry
  wrong_head,      // the handshake fails: another server key, or no pq there; retried
  up,
};

class Dealer {
 public:
  // Starts to connect and returns. Throws EnvironmentError for an endpoint that cannot be one.
  Dealer(const Credentials& credentials, std::size_t message_bytes_max);
  ~Dealer();
  Dealer(Dealer&&) noexcept;
  Dealer& operator=(Dealer&&) noexcept;

  // False: not connected, or its queue is full; the message is gone.
  bool send(std::string_view bytes);

  // The next message, if one has come. Never waits.
  std::optional<std::string> receive();

  // Sleeps until a message or a change of the link has come, one of `fds` is readable, or `patience` is over.
  void wait(Duration patience, std::span<const int> fds = {});

  Link link();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Asked for every connection attempt: does this key (Z85) have a role? Called on the thread that calls
// Router::wait.
using KeyCheck = std::function<bool(const std::string& public_key)>;

struct RouterMessage {
  PeerId peer;
  std::string public_key;  // the sender's CURVE key: who it is
  std::string bytes;
};

class Router {
 public:
  // Binds, with ZAP that fails closed. Throws EnvironmentError: a taken port, an endpoint that cannot be one.
  Router(const std::string& endpoint, const KeyPair& keys, KeyCheck is_known);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // The endpoint with the port that a wildcard (tcp://127.0.0.1:*) became.
  const std::string& endpoint() const;

  // Sleeps until a message has come, one of `fds` is readable, or `patience` is over; answers key checks
  // meanwhile.
  void wait(Duration patience, std::span<const int> fds = {});

  // The next message, if one has come. Never waits. Whatever is not one frame from an authenticated peer with
  // a routing id of the router's own making is dropped and counted.
  std::optional<RouterMessage> receive();

  // Never waits. False: the peer is gone or does not read.
  bool send(PeerId peer, std::string_view bytes);

  std::uint64_t dropped() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Waits until what the closed sockets had still to send is out, or their time for it is over. For a process
// that ends without destructors, which would do the same. REQUIRES: there is no socket any more, nor will be.
void finish_sending();

// Proves, over a connection of its own, that a Router with this key check refuses a key it does not know and
// takes one that it does. Throws EnvironmentError if it does not: ZAP fails open when it is set up wrongly.
void prove_that_strangers_are_refused();

}  // namespace pq
