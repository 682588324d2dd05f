// What is on its way to each peer. ZeroMQ counts messages and not bytes, and says nothing of what has left.
// But the kernel does: ZeroMQ hands it whatever it takes, so a connection on which the kernel has nothing
// left to send has nothing behind it either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "common/values/ids.h"

namespace pq::gate {

// Bytes that the kernel has of this connection and the other side has not acknowledged; nothing: it is
// closed.
std::optional<std::size_t> unacknowledged(int connection);

class Outflow {
 public:
  using Kernel = std::function<std::optional<std::size_t>(int connection)>;
  explicit Outflow(Kernel kernel = unacknowledged) : kernel_(std::move(kernel)) {}

  // A message of the peer came over this connection.
  void hear(PeerId peer, int connection);

  // Another answer may follow: little is on its way, or all has left. A peer that was never heard has room.
  bool has_room(PeerId peer);

  // Notes a message to the peer. False: more is on its way than any peer may have, and it is to be dropped.
  bool add(PeerId peer, std::size_t bytes);

  void forget(PeerId peer) { peers_.erase(peer); }
  // Those that were not heard since the last call: they are gone, or have no answers under way.
  void forget_silent();

 private:
  struct Peer {
    int connection = -1;
    std::uint64_t bytes = 0;  // on its way, at most
    bool is_heard = true;     // since the last forget_silent()
  };
  struct Hash {
    std::size_t operator()(PeerId peer) const { return std::hash<std::uint64_t>()(peer.value); }
  };

  // Whether more than `bytes_max` is on its way.
  bool has_more_than(Peer& peer, std::uint64_t bytes_max) const;

  Kernel kernel_;
  std::unordered_map<PeerId, Peer, Hash> peers_;
};

}  // namespace pq::gate
