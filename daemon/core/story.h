// What people can read about the past: events, throughput, and counts since the head's start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/core/effects.h"
#include "daemon/core/limits.h"
#include "daemon/core/telling/event_history.h"
#include "daemon/core/telling/throughput.h"

namespace pq::core {

struct Story {
  EventHistory events;
  Throughput throughput{limits::fleet_sample, limits::fleet_samples_kept, Throughput::WhenFull::forget};
  std::uint64_t integers_done = 0;  // of all jobs, forgotten ones included
  LeaseCounts lease_counts;
  Instant began_at;

  // A lease of `job` ends earlier, for another slot. One event per job and turn: at a job's end a large fleet
  // splits many leases at once.
  void note_split(JobId job, const std::string& agent, std::string detail);
  void tell_splits(Effects& effects);

 private:
  struct Split {
    std::size_t leases = 0;
    std::string agent;  // of one of them
    std::string detail;
  };
  std::map<JobId, Split> splits_;  // of this turn
};

}  // namespace pq::core
