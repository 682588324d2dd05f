// Sockets of pq: a Dealer (agents, clients) talks to one Router (the head), always with CURVE. Only files of
// common/net and daemon/gate include zmq. All sockets of a process share one context, and each belongs to one
// thread. A process has one Router at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/keys.h"
#include "common/values/errors.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::net {

// The state of a Dealer's connection, by its last event.
enum class Link {
  connecting,      // nothing known yet
  nobody_listens,  // the last attempt to connect was refused or timed out; it is tried again with backoff
  key_refused,     // the head does not know this key: this socket will never connect, make a new one to retry
  come_again,      // the head lets this key in, but not now (daemon/gate/router.h); retried
  wrong_head,      // the handshake fails: another server key, or no pq there; retried
  up,
};

class Dealer {
 public:
  // Starts to connect and returns. Throws EnvironmentError if the endpoint is invalid.
  Dealer(const Credentials& credentials, std::size_t message_bytes_max);
  ~Dealer();
  Dealer(Dealer&&) noexcept;
  Dealer& operator=(Dealer&&) noexcept;

  // False: not connected, or its queue is full; the message is gone.
  bool send(std::string_view bytes);

  // The next message, if one has come. Never waits.
  std::optional<std::string> receive();

  // Sleeps until a message arrives, the connection changes, one of `fds` is readable, or `patience` is over.
  void wait(Duration patience, std::span<const int> fds = {});

  Link link();

  // Since when a connection stands on which the other side has not greeted. Its kernel has taken it, so
  // somebody listens there: a head that is stopped or busy. Nothing: there is none, or the link is up.
  std::optional<Instant> ungreeted_since();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Waits until closed sockets have sent their last messages, or their time for that is over. For a process
// that ends without destructors, which would do the same. REQUIRES: there is no socket, and there will be
// none.
void finish_sending();

}  // namespace pq::net
