// Agents that compute without end, for tests of who shares their slots.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {

inline constexpr Range endless{0, 1'000'000'000'000'000'000};
inline constexpr double integer_s = 0.001;  // on every slot
inline constexpr std::uint64_t step = 1000;

inline JobSpec endless_of(std::int32_t priority, Kernel kernel = Kernel::primes) {
  JobSpec spec;
  spec.range = endless;
  spec.priority = priority;
  spec.kernel = kernel;
  return spec;
}

// Agents that compute a step of each lease in each second, and end where they are asked to.
struct Workshop : Scenario {
  std::vector<ScriptedAgent*> agents;
  std::map<JobId, double> served_s;
  std::size_t asked = 0;

  ScriptedAgent& slots(const std::string& name, std::uint32_t count) {
    agents.push_back(&stranger(name).joins(count));
    return *agents.back();
  }
  JobId submits_measured(const JobSpec& spec) {
    const JobId job = submits(spec);
    for (ScriptedAgent* agent : agents) {
      agent->measures(job, integer_s);
      agent->beats();
    }
    return job;
  }
  std::size_t active(JobId id) const { return shares_of(id).leases - leaving(id); }
  std::size_t leaving(JobId id) const { return shares_of(id).leaving; }
  const Claim& shares_of(JobId id) const { return *queue().shares().claim(id); }

  void step_of(ScriptedAgent& agent) {
    for (const LeaseView& view : agent.beat().leases) {
      Taken lease;
      lease.id = view.lease;
      if (!agent.holds(lease)) continue;
      const auto end = agent.lowest_end_asked(lease);
      const std::uint64_t upto = std::min(view.end, view.upto + step);
      agent.commits(lease, {upto}, value(static_cast<std::int64_t>(upto - view.begin)));
      if (!end || !agent.holds(lease) || *end >= view.end) continue;
      ++asked;
      agent.ends_earlier(lease, std::max(*end, upto));
    }
    while (!agent.is_granted_nothing()) agent.takes_lease();
  }

  void works(int steps) {
    for (int i = 0; i < steps; ++i) {
      for (ScriptedAgent* agent : agents) {
        while (!agent->is_granted_nothing()) agent->takes_lease();
      }
      for (const auto& [id, job] : queue().jobs()) served_s[id] += static_cast<double>(job.ledger.leases());
      passes(std::chrono::seconds(1));
      for (ScriptedAgent* agent : agents) step_of(*agent);
    }
  }
};

}  // namespace pq::tests
