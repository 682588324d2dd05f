#include "daemon/core/waits.h"

#include <algorithm>
#include <string>

#include "daemon/core/limits.h"

namespace pq::core {

std::optional<Refusal> Waits::add(JobId job, const Waiting& waiting) {
  if (const auto known = waits_.find(job); known != waits_.end()) {
    const bool waits_already = std::any_of(
        known->second.begin(), known->second.end(),
        [&](const Waiting& other) { return other.peer == waiting.peer && other.request == waiting.request; });
    if (waits_already) return std::nullopt;
  }
  if (count_ >= limits::waits_max) {
    return Refusal{ErrorWord::too_much,
                   std::to_string(limits::waits_max) + " clients are waiting, which is the limit"};
  }
  std::size_t& of_peer = counts_[waiting.peer];
  if (of_peer >= limits::waits_per_peer_max) {
    return Refusal{ErrorWord::too_much, "one connection waits for " +
                                            std::to_string(limits::waits_per_peer_max) + " jobs at most"};
  }
  of_peer += 1;
  count_ += 1;
  waits_[job].push_back(waiting);
  next_end_ = std::min(next_end_, waiting.until);
  return std::nullopt;
}

void Waits::give_back(PeerId peer) {
  count_ -= 1;
  const auto of_peer = counts_.find(peer);
  of_peer->second -= 1;
  if (of_peer->second == 0) counts_.erase(of_peer);
}

bool Waits::are_counted() const {
  std::size_t count = 0;
  for (const auto& [job, waiting] : waits_) count += waiting.size();
  std::size_t of_peers = 0;
  for (const auto& [peer, waits] : counts_) of_peers += waits;
  return count == count_ && of_peers == count_;
}

}  // namespace pq::core
