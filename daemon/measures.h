// What the head counts and times of its own turns, and what its queue amounts to: values for /metrics. The
// turn fills them as it goes, without a lock or an allocation; readers see the copy in a Snapshot. All counts
// are since this process began, so none ever goes down within it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "common/errors.h"
#include "common/instant.h"
#include "common/job.h"
#include "common/messages.h"
#include "common/wire.h"
#include "daemon/core/effects.h"
#include "daemon/core/queue.h"
#include "daemon/store.h"
#include "daemon/transport.h"

namespace pq {

// How many of the measured values were how large. A value belongs to the first bucket whose upper bound is
// not below it, and beyond the last bound to none but the count.
template <std::size_t bounds_count>
class Histogram {
 public:
  using Bounds = std::array<double, bounds_count>;

  // REQUIRES: they ascend.
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

// Seconds. A commit waits for a disk once: from one that only remembers to one that hangs.
inline constexpr std::array turn_bounds = {50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3,
                                           25e-3, 50e-3,  100e-3, 250e-3, 0.5,  1.0,    2.5,  5.0};
// Messages: 0 is a turn that only time has caused, the last one a batch that was cut off.
inline constexpr std::array batch_bounds = {0.0,  1.0,   2.0,   4.0,   8.0,    16.0,  32.0,
                                            64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0};
static_assert(batch_bounds.back() == limits::messages_per_turn);

struct Measures {
  Measures();

  // ---- by the turn
  // A message that was understood.
  void note(const ToHead& message);
  // What is told to whom; refusals are counted by their words.
  void note(const std::vector<Outgoing>& outgoing);
  void note(const std::vector<OutgoingBytes>& batch);
  // What has happened by `unix_ms`, in a queue that is as it was then.
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

// What a queue amounts to at one moment.
struct QueueFigures {
  std::map<JobState, std::uint64_t> jobs;  // every state
  std::uint64_t jobs_waiting = 0;  // not paused, with work that is free, and nobody computes any of it
  double integers_left = 0;        // of all jobs that have not ended; may pass 2^64
  std::uint64_t leases = 0;
  LeaseCounts lease_counts;         // since the head began
  std::uint64_t integers_done = 0;  // since the head began
  std::uint64_t clients_waiting = 0;
};

QueueFigures figures_of(const Queue& queue);

// All that /metrics shows beside jobs, agents and the process.
struct HeadFigures {
  Measures measures;
  QueueFigures queue;
  Losses losses;
  std::optional<StoreSizes> stored;
  bool backup_is_under_way = false;
};

}  // namespace pq
