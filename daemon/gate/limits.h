// What the gate bounds, each with its reason beside it.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/values/instant.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- descriptors
// While no more than so many are free, newcomers are told to come again. The head's own files need some, and
// whoever is refused by silence takes the head for one that is stopped.
inline constexpr std::size_t descriptors_spared = 8;

// ---- what is read and sent
// Of one turn, by size and by time, however many messages that are.
inline constexpr std::size_t batch_bytes_max = 8 << 20;
inline constexpr Duration batch_longest = 10ms;
inline constexpr int unread_per_peer_max = 16;  // messages, each of at most message_bytes_max
// On its way to one peer: beyond the first it gets no further answers, beyond the second nothing at all.
inline constexpr std::size_t answers_unsent_max = 256 << 10;
inline constexpr std::size_t unsent_bytes_max = 8 << 20;
inline constexpr Duration silent_peers_forgotten = 10min;

// ---- keys that expire
// So long must a key have expired by a clock that has jumped, before anybody is told. Time services put a
// wrong clock right within seconds of the mistake.
inline constexpr Duration clock_doubted = 1min;

}  // namespace pq::limits
