#include "tests/simulation/network.h"
#include "tests/rooms.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace pq::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration latest = 20s;
constexpr std::size_t stale_max = 200;

std::uint64_t digest_of(const std::string& bytes) {
  std::uint64_t digest = bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    digest = mix(digest ^ word) + 1;
  }
  return digest;
}

}  // namespace

SocketId Network::open(Party& party, Principal principal) {
  const SocketId socket{++last_socket_};
  sockets_.emplace(socket, Socket{&party, std::move(principal), {}});
  return socket;
}

void Network::close(SocketId socket) { sockets_.erase(socket); }

void Network::send_to_head(SocketId socket, std::string bytes) {
  const auto sender = sockets_.find(socket);
  if (sender == sockets_.end()) return;
  carry(sender->second.party->cut_to_head_until_,
        [this, socket, principal = sender->second.principal, bytes = std::move(bytes)] {
          arrive_at_head(socket, principal, bytes);
        });
}

void Network::send_to_peer(PeerId peer, std::string bytes) {
  const auto known = peers_.find(peer);
  if (known == peers_.end()) return;
  const SocketId to = known->second;
  const auto socket = sockets_.find(to);
  if (socket == sockets_.end()) return;
  carry(socket->second.party->cut_from_head_until_,
        [this, to, bytes = std::move(bytes)] { arrive_at_party(to, bytes); });
}

void Network::carry(Instant cut_until, const std::function<void()>& deliver) {
  const auto happens = [&](std::uint64_t one_in) { return one_in > 0 && dice_.one_in(one_in); };
  Duration delay = dice_.between(roughness_.delay_usual, 2 * roughness_.delay_usual);
  if (timeline_.now() < cut_until) {
    if (!roughness_.keeps_stale) return;
    delay += cut_until - timeline_.now();
  }
  if (happens(roughness_.dropped)) return;
  if (happens(roughness_.late)) delay += dice_.between(0s, latest);
  if (happens(roughness_.repeated)) timeline_.after(delay + dice_.between(0s, 3s), deliver);
  timeline_.after(delay, deliver);
}

void Network::arrive_at_head(SocketId from, Principal sender, const std::string& bytes) {
  if (!head_) {
    if (roughness_.keeps_stale && stale_.size() < stale_max) {
      stale_.emplace_back(
          [this, from, sender = std::move(sender), bytes] { arrive_at_head(from, sender, bytes); });
    }
    return;
  }
  note(0, bytes);
  PeerId peer;  // of a connection that is closed by now: nobody will read the answer
  const auto socket = sockets_.find(from);
  if (socket == sockets_.end() || socket->second.peer == PeerId{}) peer = {++last_peer_};
  if (socket != sockets_.end()) {
    if (socket->second.peer == PeerId{}) {
      socket->second.peer = peer;
      peers_[peer] = from;
    }
    peer = socket->second.peer;
  }
  head_({peer, std::move(sender), bytes});
}

void Network::arrive_at_party(SocketId to, const std::string& bytes) {
  const auto socket = sockets_.find(to);
  if (socket == sockets_.end()) return;
  note(to.value, bytes);
  socket->second.party->arrive(bytes);
}

void Network::note(std::uint64_t where, const std::string& bytes) {
  const auto now = static_cast<std::uint64_t>(timeline_.now().since_boot.count());
  digest_ = mix(digest_ ^ digest_of(bytes) ^ mix(now + where));
  delivered_ += 1;
}

void Network::head_listens(std::function<void(Incoming)> hear) {
  head_ = std::move(hear);
  for (auto& message : std::exchange(stale_, {})) timeline_.after(dice_.between(1ms, 1s), std::move(message));
}

void Network::head_is_gone() {
  head_ = nullptr;
  peers_.clear();
  for (auto& [id, socket] : sockets_) socket.peer = {};
}

void Network::cut(Party& party, bool to_head, bool from_head, Duration duration) {
  const Instant until = timeline_.now() + duration;
  if (to_head) party.cut_to_head_until_ = std::max(party.cut_to_head_until_, until);
  if (from_head) party.cut_from_head_until_ = std::max(party.cut_from_head_until_, until);
}

void Network::heal() {
  for (auto& [id, socket] : sockets_) {
    socket.party->cut_to_head_until_ = socket.party->cut_from_head_until_ = {};
  }
  roughness_ = {.keeps_stale = roughness_.keeps_stale, .delay_usual = roughness_.delay_usual};
}

}  // namespace pq::simulation
