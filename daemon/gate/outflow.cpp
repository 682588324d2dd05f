#include "daemon/gate/outflow.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "daemon/gate/limits.h"

namespace pq::gate {

std::optional<std::size_t> unacknowledged(int connection) {
  int bytes = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): POSIX's interface
  if (::ioctl(connection, SIOCOUTQ, &bytes) != 0) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

void Outflow::hear(PeerId peer, int connection) {
  Peer& known = peers_[peer];
  known.connection = connection;
  known.is_heard = true;
}

// The kernel is asked only where it matters.
bool Outflow::has_more_than(Peer& peer, std::uint64_t bytes_max) const {
  if (peer.bytes <= bytes_max) return false;
  if (kernel_(peer.connection).value_or(0) == 0) peer.bytes = 0;
  return peer.bytes > bytes_max;
}

bool Outflow::has_room(PeerId peer) {
  const auto known = peers_.find(peer);
  return known == peers_.end() || !has_more_than(known->second, limits::answers_unsent_max);
}

bool Outflow::add(PeerId peer, std::size_t bytes) {
  const auto known = peers_.find(peer);
  if (known == peers_.end()) return true;
  if (has_more_than(known->second, limits::unsent_bytes_max)) return false;
  known->second.bytes += bytes;
  return true;
}

void Outflow::forget_silent() {
  std::erase_if(peers_, [](const auto& known) { return !known.second.is_heard; });
  for (auto& [id, peer] : peers_) peer.is_heard = false;
}

}  // namespace pq::gate
