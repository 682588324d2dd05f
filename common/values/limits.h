// What a name, a label or a program may have at most, wherever it is read, and what options may ask for. Each
// bound with its reason or its proof beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/values/instant.h"
#include "common/values/rooms.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- time
// A clock that is corrected in small steps, or a program that slept between two looks, is no jump.
inline constexpr Duration clock_jump_least = 5s;

// Of an agent; sooner not even the first answer can be there.
inline constexpr Duration head_timeout_shortest = 1s;
inline constexpr Duration idle_exit_shortest = 100ms;

// ---- express: what is computed beside the slots
inline constexpr Duration express_run_longest = 10s;  // of a program that asks for it

// ---- the wire
inline constexpr std::uint32_t slots_max = 1024;
inline constexpr std::size_t name_bytes_max = 64;   // a job's, an agent's, a key's
inline constexpr std::size_t text_bytes_max = 256;  // any other string of a message
inline constexpr std::size_t labels_max = 32;
inline constexpr std::size_t labels_given_max = labels_max - 8;  // to an agent; it adds its own

// ---- programs
inline constexpr std::size_t words_max = 1024;              // of a command
inline constexpr std::size_t env_max = 256;                 // settings, and secrets
inline constexpr std::size_t setting_name_bytes_max = 255;  // as of a file
inline constexpr std::size_t program_bytes_max = 1 << 14;   // of all words, settings and secrets of a job
inline constexpr std::size_t files_max = 64;                // of a job
inline constexpr std::uint64_t file_bytes_max = std::uint64_t{1} << 30;
// A line of a list; Linux takes twice as much in one word.
inline constexpr std::size_t item_bytes_max = 1 << 16;

// ---- failing agents
inline constexpr std::uint32_t failures_max_usual =
    100;  // of a job; only with a higher limit a job continues …
inline constexpr std::uint32_t crash_limit_usual = 3;  // losses of agents with one run in hand

}  // namespace pq::limits
