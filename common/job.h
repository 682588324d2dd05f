// What a client submits, what that demands of an agent, and the states a job passes through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kernel.h"
#include "common/program.h"
#include "common/range.h"
#include "common/value.h"

namespace pq {

// A fact of a machine, or what its agent was told to call it: arch, zone, instance_type, …
struct Label {
  std::string key;
  std::string value;
  friend auto operator<=>(const Label&, const Label&) = default;
  friend bool operator==(const Label&, const Label&) = default;
};

bool is_label(const Label& label);
// Of KEY=VALUE. nullopt: it is no label.
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
  std::int32_t priority = 0;                      // higher runs first
  std::uint32_t attempts_max = 3;                 // tries of a single integer before it is marked failed
  std::uint32_t failures_max = 100;               // failed attempts after which the whole job is given up
  std::uint32_t cpus = 1;                         // slots of one agent that a step holds
  std::vector<Label> require = {};                // only agents with all of these labels
  std::optional<Program> program = std::nullopt;  // of kernel `exec`, and of no other
  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

Demand demand_of(const JobSpec& spec);

// Why no head takes it; nothing: it can be submitted.
std::optional<std::string> flaw_of(const JobSpec& spec);

// Where parts of it may meet: at whole runs, counted from the begin of its range.
// The lowest such integer that is not below `at`; the range's end counts as one.
std::uint64_t run_boundary(const Range& range, std::uint64_t run_width, std::uint64_t at);
inline std::uint64_t run_boundary(const JobSpec& spec, std::uint64_t at) {
  return run_boundary(spec.range, spec.program ? spec.program->run_width : 0, at);
}

// queued: nothing leased yet · running: something has been · paused: no new leases ·
// done, failed, cancelled: for ever, but that pq-retry opens a failed one again.
enum class JobState { queued, running, paused, done, failed, cancelled };

constexpr bool has_ended(JobState state) { return state >= JobState::done; }

std::string_view to_text(JobState state);
std::optional<JobState> parse_job_state(std::string_view word);

}  // namespace pq
