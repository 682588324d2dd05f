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

// ---- keys that expire
// So long must a key have expired by a clock that has jumped, before anybody is told. Time services put a
// wrong clock right within seconds of the mistake.
inline constexpr Duration clock_doubted = 1min;

}  // namespace pq::limits
