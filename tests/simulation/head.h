// The head in a simulation: the real daemon, over a transport, a store and a clock that the simulation
// controls. It lives, dies at any point of a turn, and is started again as a service is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/os/clock.h"
#include "daemon/daemon.h"
#include "daemon/gate/transport.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/network.h"
#include "tests/simulation/timeline.h"

namespace pq::simulation {

class Head final : public Transport, public Clock {
 public:
  Head(Timeline& timeline, Dice& dice, Network& network, Disk& disk, Auditor& auditor,
       QueueSettings settings);

  void start();
  // At once, and `down` long.
  void die(Duration down);
  // In its next turn with a commit.
  void is_doomed(Doom how);
  void stands_still(Duration duration);
  void restore_backup(Duration down);
  void step_wall_clock(Duration by) { wall_clock_ += by; }

  bool is_up() const { return daemon_.has_value(); }
  // REQUIRES: it is up.
  const Queue& queue() const { return daemon_->queue(); }

  // The daemon's side.
  std::vector<Incoming> receive(Instant deadline, std::size_t messages_max) override;
  void send(const std::vector<OutgoingBytes>& batch) override;
  tl::expected<Authorized, Refusal> authorize(const Authorize& request, const Principal& asker) override;
  Now now() const override;

 private:
  void hear(Incoming incoming);
  void wake_at(Instant when);
  void turn();

  Timeline& timeline_;
  Dice& dice_;
  Network& network_;
  Disk& disk_;
  Auditor& auditor_;
  QueueSettings settings_;

  std::optional<Daemon> daemon_;
  std::uint64_t life_ = 0;  // tells a wake-up of an earlier process from one of this
  Duration boot_{0};        // since this machine's boot, when the timeline began
  Duration wall_clock_{0};
  std::deque<Incoming> inbox_;
  Instant standing_until_;
  Instant wakes_at_ = Instant::never();
  bool from_backup_ = false;
};

}  // namespace pq::simulation
