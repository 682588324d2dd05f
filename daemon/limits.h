// What a turn does at most of what is answered from the store, and what the head says of itself. Each bound
// with its reason or its proof beside it.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/values/instant.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- what is asked
// As many as one batch brings, and as many again.
inline constexpr std::size_t questions_per_peer_max = 4096;
inline constexpr std::size_t questions_bytes_per_peer_max = 4 << 20;
inline constexpr Duration acting_longest = 50ms;  // of a turn, on what clients want changed
// Of a turn, on what they want to know. One answer may take longer: lists of a thousand jobs take some 20 ms.
// Then nothing more is told for four times that time, so that at most a fifth of the head goes into telling.
inline constexpr Duration telling_longest = 2ms;
inline constexpr int telling_rest_factor = 4;
// Peers that do not read are looked at so often; what they ask is dropped after so long.
inline constexpr Duration reading_looked_at = 5ms;
inline constexpr Duration reading_patience = 30s;

// ---- programs
// Read for agents: two MiB between two batches of beats.
inline constexpr std::size_t file_parts_per_turn = 8;

inline constexpr std::size_t outputs_answered_max = 64;  // the same: four MiB

// ---- who has computed what
// One is done a turn, because each reads all rows of a job.
inline constexpr std::size_t recomputes_waiting_max = 64;

// ---- the log
inline constexpr Duration flood_counted = 1s;
// Peers whose bad messages are counted apart; more than these in one second are counted together.
inline constexpr std::size_t floods_followed_max = 1024;

// ---- descriptors
// Of those that may be open: scarce from here on, and until so much less is open. Between them nothing is
// said, so that a crowd that comes and goes fills no log.
inline constexpr double descriptors_scarce = 0.9;
inline constexpr double descriptors_plenty = 0.8;
inline constexpr Duration descriptors_looked_at = 2s;  // 10 000 are counted in some 3 ms

}  // namespace pq::limits
