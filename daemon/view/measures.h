// What the head counts and times of its own turns, and figures of its queue, for /metrics. The turn updates
// them without a lock or an allocation; readers see the copy in a Snapshot. Counts begin with this process,
// so they never decrease within it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "common/protocol/limits.h"
#include "common/protocol/messages.h"
#include "common/protocol/wire.h"
#include "common/values/errors.h"
#include "common/values/instant.h"
#include "common/values/job.h"
#include "daemon/core/effects.h"
#include "daemon/core/queue.h"

namespace pq::view {

// A histogram. A value belongs to the first bucket whose upper bound is not below it. Beyond the last bound
// only the count includes it.
template <std::size_t bounds_count>
class Histogram {
 public:
  using Bounds = std::array<double, bounds_count>;

  // REQUIRES: the bounds ascend.
  explicit constexpr Histogram(const Bounds& bounds) : bounds_(bounds) {}

  void note(double value) {
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    if (bucket != bounds_.end()) within_[static_cast<std::size_t>(bucket - bounds_.begin())] += 1;
    count_ += 1;
    sum_ += value;
  }
  void note(Duration duration) { note(seconds(duration)); }

  const Bounds& bounds() const { return bounds_; }
  const std::array<std::uint64_t, bounds_count>& within() const { return within_; }  // each bucket alone
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  Bounds bounds_;
  std::array<std::uint64_t, bounds_count> within_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// Seconds. A commit waits for one sync: from a disk that only caches to one that hangs.
inline constexpr std::array turn_bounds = {50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3,
                                           25e-3, 50e-3,  100e-3, 250e-3, 0.5,  1.0,    2.5,  5.0};
// Messages: 0 is a turn that only time has caused, the last bound a batch that was full.
inline constexpr std::array batch_bounds = {0.0,  1.0,   2.0,   4.0,   8.0,    16.0,  32.0,
                                            64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0};
static_assert(batch_bounds.back() == limits::messages_per_turn);

struct Measures {
  Measures();

  // ---- by the turn
  // A message that was decoded.
  void note(const ToHead& message);
  // Messages that were sent; refusals are counted by their words.
  void note(const std::vector<Outgoing>& outgoing);
  void note_sent(std::size_t messages, std::uint64_t bytes);
  // Events that happened by `unix_ms`, with the queue as it was then.
  void note(const std::vector<Event>& events, const Queue& queue, UnixMs unix_ms);

  Histogram<turn_bounds.size()> turns_s{turn_bounds};    // from a batch's arrival to its last answer
  Histogram<turn_bounds.size()> commits_s{turn_bounds};  // of these, what was spent on the store
  Histogram<batch_bounds.size()> batches{batch_bounds};

  std::array<std::uint64_t, std::variant_size_v<AgentToHead>> from_agents{};  // in the variants' order
  std::array<std::uint64_t, std::variant_size_v<ClientToHead>> from_clients{};
  std::uint64_t received_bytes = 0;  // also of what was not understood
  std::map<ErrorWord, std::uint64_t> refused;
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;

  std::map<Happening, std::uint64_t> events;
  std::map<JobState, std::uint64_t> jobs_ended;  // those states that are an end

  UnixMs began_unix_ms = 0;
  std::optional<UnixMs> backup_made_unix_ms;  // the last one of this process
};

// Figures of a queue at one moment.
struct QueueFigures {
  std::map<JobState, std::uint64_t> jobs;  // every state
  std::uint64_t jobs_waiting = 0;          // not paused, with free work, and no agent computes any of it
  double integers_left = 0;                // of all jobs that have not ended; may pass 2^64
  std::uint64_t leases = 0;
  LeaseCounts lease_counts;         // since the head began
  std::uint64_t integers_done = 0;  // since the head began
  std::uint64_t clients_waiting = 0;
  bool is_short_of_space = false;
};

QueueFigures figures_of(const Queue& queue);

// Messages that were lost since the head began.
struct LostMessages {
  std::uint64_t dropped = 0;      // not one frame of a proper peer, or of a key that is not let in
  std::uint64_t undelivered = 0;  // to peers that were gone or did not read
};

// How much disk space the queue uses, and how much is free.
struct DiskUse {
  std::uint64_t bytes = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t unused_bytes = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
};

// Everything that /metrics shows beside jobs, agents and the process.
struct HeadFigures {
  Measures measures;
  QueueFigures queue;
  LostMessages losses;
  std::optional<DiskUse> stored;
  bool backup_is_under_way = false;
  bool descriptors_are_scarce = false;
};

}  // namespace pq::view
