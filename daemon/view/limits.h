// What readers of a snapshot are shown, and how often one is made. Each bound with its reason or its proof
// beside it.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/values/instant.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- what people see of it
inline constexpr std::size_t details_per_snapshot = 32;  // jobs that readers see in detail at one time
inline constexpr std::size_t failed_logs_shown = 64;     // parts of 4 KiB

// ---- HTTP
inline constexpr Duration snapshot_patience = 2s;  // of a reader, with the turn; a commit may be slow
inline constexpr int snapshot_pause_factor = 19;   // times what the last one took: 5 % of the turn's time
inline constexpr Duration snapshot_pause_shortest = 20ms;
inline constexpr Duration snapshot_pause_longest = 1s;
inline constexpr Duration stream_retry = 2s;             // before a client comes back that was cut off
inline constexpr std::size_t stream_events_first = 200;  // for one that has just come
inline constexpr std::size_t job_series_max = 200;       // jobs in /metrics, each of them a dozen series

// ---- who has computed what
inline constexpr std::size_t parts_shown = 256;  // by HTTP

}  // namespace pq::limits
