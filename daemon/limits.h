// What a turn does at most of what is answered from the store, and what the head says of itself. Each bound
// with its reason or its proof beside it.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/values/instant.h"

namespace pq::limits {

using namespace std::chrono_literals;

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
