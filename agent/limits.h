// What an agent keeps of programs' files and output. Each bound with its reason or its proof beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/values/instant.h"

namespace pq::limits {

using namespace std::chrono_literals;

// ---- programs
// Each slot copies files up to this size: 0.3 ms, less than a program takes to start.
inline constexpr std::uint64_t copied_file_bytes_max = 1 << 20;
// Of an agent, before it repeats a request for a file or an output message.
inline constexpr Duration answer_patience = 5s;

inline constexpr std::size_t log_run_bytes_max = 1 << 16;     // of one run; half of it from its end
inline constexpr std::size_t log_outbox_bytes_max = 1 << 22;  // at an agent; beyond that output is dropped
inline constexpr std::size_t output_run_bytes_max = 1 << 24;  // collected of one run
// At an agent, not stored by the head yet; beyond that the agent waits.
inline constexpr std::size_t output_untold_bytes_max = 1 << 26;

}  // namespace pq::limits
