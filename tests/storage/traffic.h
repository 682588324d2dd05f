// Random messages to a head: agents join, compute, fail, drain, restart and fall silent, and a client submits
// and steers jobs. The head's own queue turns them into the changes that its store must keep.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/effects.h"
#include "daemon/core/queue.h"
#include "tests/dice.h"
#include "tests/rooms.h"

namespace pq::storage {

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : dice_(seed) {}

  Epoch draw_epoch() { return Epoch{dice_.bits()}; }

  // A head begins with what it has found. The agents are those of before.
  void begin(Epoch epoch, Stored found);

  // One turn, up to its commit.
  Effects turn();
  // The turn's other half: its messages are sent, now that its changes are stored. Some get lost.
  void send(const Effects& effects);

  // Erases a job that has ended, as the queue does when it is full. Nothing if none has ended. The queue is
  // not told, so the next head must start afterwards.
  std::optional<Changes> forget_a_job() const;

 private:
  // An agent as the head sees it.
  struct Worker {
    Hello hello;
    PeerId peer;
    bool is_known = false;  // to this head
    bool is_draining = false;
    std::uint64_t seq = 0;
    Epoch epoch;
    std::uint64_t orders_seen = 0;
    std::map<LeaseId, LeaseView> held;
  };

  void happen(Effects& effects);
  void submit(Effects& effects);
  void steer(Effects& effects);
  void introduce(Worker& worker, Effects& effects);
  void beat(Worker& worker, Effects& effects);
  void compute(LeaseView& lease);
  void leave(Worker& worker, Effects& effects);
  void follow(Worker& worker, const Orders& orders);
  Worker& any_worker() { return workers_[dice_.below(workers_.size())]; }
  std::string words(std::size_t size_max);

  Dice dice_;
  Now now_{Instant{std::chrono::hours(1)}, 1'700'000'000'000};
  std::vector<Worker> workers_ = std::vector<Worker>(6);
  std::optional<Queue> queue_;
};

}  // namespace pq::storage
