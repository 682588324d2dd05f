// What a client submits, and the states a job passes through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/kernel.h"
#include "common/range.h"
#include "common/value.h"

namespace pq {

struct JobSpec {
  Range range;
  Kernel kernel = Kernel::primes;
  Fold fold = Fold::sum;
  std::string name;
  std::int32_t priority = 0;         // higher runs first
  std::uint32_t attempts_max = 3;    // tries of a single integer before it is marked failed
  std::uint32_t failures_max = 100;  // failed attempts after which the whole job is given up
  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

// queued: nothing leased yet · running: something has been · paused: no new leases ·
// done, failed, cancelled: for ever.
enum class JobState { queued, running, paused, done, failed, cancelled };

constexpr bool has_ended(JobState state) { return state >= JobState::done; }

std::string_view to_text(JobState state);
std::optional<JobState> parse_job_state(std::string_view word);

}  // namespace pq
