#include "tests/fuzz/memory.h"

#include <chrono>
#include <cstdint>
#include <utility>
#include <variant>

#include "common/protocol/wire.h"
#include "common/values/check.h"
#include "tests/rooms.h"

namespace pq::fuzz {

void MemoryStore::begin_epoch(Epoch epoch) {
  check(epoch_ < epoch, "each start of the head has an epoch of its own");
  epoch_ = epoch;
  ModelStore::begin_epoch(epoch);
}

void MemoryStore::commit(const Changes& changes) {
  const CommitEnd end = std::exchange(next_commit_, CommitEnd::done);
  if (end != CommitEnd::failed_before) ModelStore::commit(changes);
  if (end != CommitEnd::done) throw EnvironmentError("the disk is full", ExitStatus::storage_failed);
}

void MemoryTransport::hears(PeerId peer, const Principal& sender, std::string bytes) {
  peers_[peer] = sender.role;
  arrived_.push_back({peer, sender, std::move(bytes)});
}

std::vector<Incoming> MemoryTransport::receive(Instant /*deadline*/, std::size_t messages_max) {
  check(arrived_.size() <= messages_max, "a script says less than a turn takes");
  return std::exchange(arrived_, {});
}

void MemoryTransport::send(const std::vector<OutgoingBytes>& batch) {
  for (const OutgoingBytes& outgoing : batch) {
    const auto peer = peers_.find(outgoing.peer);
    check(peer != peers_.end(), "the head speaks to those who have spoken");
    if (peer->second == Role::agent) {
      check(decode_to_agent(outgoing.bytes).has_value(), "an agent understands what it is sent");
      continue;
    }
    const auto letter = decode_to_client(outgoing.bytes);
    check(letter.has_value(), "a client understands what it is sent");
    const auto* verification = std::get_if<Verification>(&letter->body);
    if (verification == nullptr) continue;
    for (const Finding& finding : verification->findings) check(finding.holds, finding.invariant);
  }
}

tl::expected<Authorized, Refusal> MemoryTransport::authorize(const Authorize& request,
                                                             const Principal& /*asker*/) {
  if (request.name.empty()) return tl::unexpected(Refusal{ErrorWord::malformed, "a key has a name"});
  return Authorized{};
}

void TestClock::advance(Duration by) {
  now_.instant = now_.instant + by;
  now_.unix_ms += std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
}

}  // namespace pq::fuzz
