// Agents that are lost without notice, and what that says about the parts that they had in hand. A lost
// machine is never a failure. But if agent after agent is lost with one part, while the rest of the fleet
// lives, that part kills them.
//
// This class measures how often agents are lost anyway: each loss counts, except those that a part with
// several losses explains. The chance that so many losses met one part by accident is then a Poisson tail.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/values/instant.h"
#include "common/values/job.h"
#include "daemon/core/span.h"

namespace pq::core {

class Mortality {
 public:
  // So many agents have lived since the last call. One call a second is enough.
  void pass(std::size_t agents, Instant now);
  bool is_due(Instant now) const { return !has_begun_ || now - passed_at_ >= std::chrono::seconds(1); }
  // An agent was lost, without notice, drain or goodbye.
  void lose() { lost_ += 1; }
  // A lost agent is back: its machine or its network had only stood still.
  void take_back() { lost_ -= lost_ < 1 ? lost_ : 1; }
  // So many more losses (or fewer) are explained by a part that was in hand at each of them.
  void explain(double losses) { explained_ += losses; }

  // The chance that a part computed for `in_hand` in all meets so many losses by accident.
  double chance(std::uint32_t losses, Duration in_hand) const;

 private:
  // Older losses count less: half after an hour.
  double lost_ = 0;
  double explained_ = 0;
  double lived_s_ = 0;  // of all agents together
  Instant passed_at_;
  bool has_begun_ = false;
};

// Whether agents were lost with the part, so that it is handed out with care.
bool is_suspect(const JobSpec& spec, const Evidence& evidence);

// How much of a part one agent gets once agents were lost with it. First it is one run, then the same once
// more. Then it is little enough that the integer is found for at most one agent beyond the limit. REQUIRES:
// evidence.losses > 0.
std::uint64_t suspect_width(const JobSpec& spec, const Evidence& evidence, const Range& free);

// Whether this single integer is given up: its losses reach the job's limit, on at least two agents, and are
// no accident.
bool is_killer(const JobSpec& spec, const Evidence& evidence, const Mortality& losses);

}  // namespace pq::core
