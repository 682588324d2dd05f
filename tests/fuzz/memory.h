// The surroundings of a turn, in memory: a store that can fail, a transport that records what every peer is
// sent, and a clock that moves only when it is set.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/os/clock.h"
#include "daemon/core/rows.h"
#include "daemon/gate/transport.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"

namespace pq::fuzz {

// How a commit ends. Of one that fails nobody knows whether it was taken.
enum class CommitEnd { done, failed_before, failed_after };

class MemoryStore final : public ModelStore {
 public:
  void begin_epoch(Epoch epoch) override;
  void commit(const Changes& changes) override;

  void put_back(const Model& backup) { model_ = Model(backup); }
  void next_commit(CommitEnd end) { next_commit_ = end; }

 private:
  Epoch epoch_;
  CommitEnd next_commit_ = CommitEnd::done;
};

class MemoryTransport final : public Transport {
 public:
  void hears(PeerId peer, const Principal& sender, std::string bytes);
  void forget() { arrived_.clear(); }

  std::vector<Incoming> receive(Instant deadline, std::size_t messages_max) override;
  void send(const std::vector<OutgoingBytes>& batch) override;
  tl::expected<Authorized, Refusal> authorize(const Authorize& request, const Principal& asker) override;

 private:
  std::vector<Incoming> arrived_;
  std::map<PeerId, Role> peers_;  // that have spoken
};

class TestClock final : public Clock {
 public:
  Now now() const override { return now_; }
  void advance(Duration by);

 private:
  Now now_{Instant{std::chrono::hours(1)}, 1'700'000'000'000};
};

}  // namespace pq::fuzz
