// What a client submits, what it demands of an agent, and the states of a job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/kernel.h"
#include "common/values/limits.h"
#include "common/values/program.h"
#include "common/values/range.h"
#include "common/values/rooms.h"
#include "common/values/value.h"
#include "common/values/words.h"

namespace pq {

// A property of a machine, found by its agent or given to it: arch, zone, instance_type, …
struct Label {
  std::string key;
  std::string value;
  friend auto operator<=>(const Label&, const Label&) = default;
  friend bool operator==(const Label&, const Label&) = default;
};

bool is_label(const Label& label);
// Parses KEY=VALUE. nullopt: it is not a label.
std::optional<Label> parse_label(std::string_view text);

// What an agent must have to compute a job.
struct Demand {
  Kernel kernel = Kernel::primes;
  std::uint32_t cpus = 1;           // slots that one step holds
  std::vector<Label> require = {};  // labels of the agent, sorted
  friend auto operator<=>(const Demand&, const Demand&) = default;
  friend bool operator==(const Demand&, const Demand&) = default;
};

struct JobSpec {
  Range range;
  Kernel kernel = Kernel::primes;
  Fold fold = Fold::sum;
  std::string name;
  std::int32_t priority = 0;       // higher runs first
  std::uint32_t attempts_max = 3;  // tries of a single integer before it is marked failed
  std::uint32_t failures_max =
      limits::failures_max_usual;  // failed attempts after which the whole job is given up
  // How many agents may be lost with the same run in hand before the run is given up; 0: without limit.
  std::uint32_t crash_limit = limits::crash_limit_usual;
  std::uint32_t cpus = 1;                         // slots of one agent that a step holds
  std::vector<Label> require = {};                // only agents with all of these labels
  std::optional<Program> program = std::nullopt;  // of kernel `exec`, and of no other
  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

Demand demand_of(const JobSpec& spec);

// Why no head accepts it; nothing: it can be submitted.
std::optional<std::string> flaw_of(const JobSpec& spec);

// Where parts of the job may meet: at whole runs, counted from the begin of its range. Returns the lowest
// such integer that is not below `at`; the range's end counts as one.
std::uint64_t run_boundary(const Range& range, std::uint64_t run_width, std::uint64_t at);
inline std::uint64_t run_boundary(const JobSpec& spec, std::uint64_t at) {
  return run_boundary(spec.range, spec.program ? spec.program->run_width : 0, at);
}

// queued: nothing leased yet · running: something has been · paused: no new leases · done, failed, cancelled:
// final, except that pq-retry opens a failed job again.
enum class JobState { queued, running, paused, done, failed, cancelled };
template <>
inline constexpr std::array<std::string_view, 6> enum_words<JobState>{"queued", "running", "paused",
                                                                      "done",   "failed",  "cancelled"};

constexpr bool has_ended(JobState state) { return state >= JobState::done; }

}  // namespace pq
