// The network between the head and all others. It carries encoded bytes. It loses, repeats and delays them,
// so that they overtake each other, and it is cut in one direction or both. As sockets do, it delivers
// messages for a head that is gone to the next head, or loses them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/values/ids.h"
#include "daemon/gate/transport.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/simulation/timeline.h"
#include "tests/simulation/weather.h"

namespace pq::simulation {

// Somebody who talks to the head: an agent's machine or a client.
class Party {
 public:
  Party() = default;
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;
  virtual ~Party() = default;

  virtual void arrive(std::string bytes) = 0;

 private:
  friend class Network;
  Instant cut_to_head_until_;
  Instant cut_from_head_until_;
};

// One connection as its own side sees it, until it is closed. Heads may come and go meanwhile.
using SocketId = Id<struct SocketTag>;

class Network {
 public:
  Network(Timeline& timeline, Dice& dice, const Roughness& roughness)
      : timeline_(timeline), dice_(dice), roughness_(roughness) {}

  SocketId open(Party& party, Principal principal);
  // Nothing arrives here any more; what it has sent is still on its way.
  void close(SocketId socket);

  void send_to_head(SocketId socket, std::string bytes);
  void send_to_peer(PeerId peer, std::string bytes);

  // Each life of the head knows its peers by other names.
  void head_listens(std::function<void(Incoming)> hear);
  void head_is_gone();

  void cut(Party& party, bool to_head, bool from_head, Duration duration);
  void heal();

  // A hash of everything that has arrived anywhere, in order.
  std::uint64_t digest() const { return digest_; }
  std::uint64_t delivered() const { return delivered_; }

 private:
  struct Socket {
    Party* party = nullptr;
    Principal principal;
    PeerId peer;  // to the present head; 0: it has not been heard by it
  };

  void carry(Instant cut_until, const std::function<void()>& deliver);
  void arrive_at_head(SocketId from, Principal sender, const std::string& bytes);
  void arrive_at_party(SocketId to, const std::string& bytes);
  void note(std::uint64_t where, const std::string& bytes);

  Timeline& timeline_;
  Dice& dice_;
  Roughness roughness_;
  std::map<SocketId, Socket> sockets_;
  std::map<PeerId, SocketId> peers_;  // of the present head
  std::function<void(Incoming)> head_;
  std::vector<std::function<void()>> stale_;  // for the next head
  std::uint64_t last_socket_ = 0;
  std::uint64_t last_peer_ = 0;
  std::uint64_t digest_ = 0;
  std::uint64_t delivered_ = 0;
};

}  // namespace pq::simulation
