// What jobs cost on which agents. It gives the arithmetic of schedule.h its inputs: for the width of a new
// lease, and for the progress of a running one. Reads only.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/core.h"
#include "daemon/core/scheduling/schedule.h"

namespace pq::core {

class Costs {
 public:
  Costs(const Core& core, Now now) : jobs_(core.jobs), fleet_(core.fleet), shares_(core.shares), now_(now) {}

  // The speeds of a job on the whole fleet. Computing them passes over all agents, so the result is kept for
  // a short time.
  const Speeds& speeds(const Job& job) const;
  // As the agent measured it; else as others did; else as they once did, because an agent remembers only some
  // jobs; else as the kernel expects. A program is expected to cost almost nothing.
  Cost on(const Agent& agent, const Job& job, std::uint64_t at) const;
  Cost usual(const Job& job) const;
  // The width of the next lease of `free`, in whole runs. `stretch` applies to the longest width.
  std::uint64_t width(const Job& job, const Agent& agent, const Range& free, double stretch) const;
  // A running lease, as it is now.
  Running as_running(const Lease& lease) const;

 private:
  const Jobs& jobs_;
  const Fleet& fleet_;
  const Shares& shares_;
  Now now_;
};

// The facts of a lease that decide whether its step is stuck. They do not depend on the time of the call.
Running as_stuck(const Lease& lease, const Jobs& jobs, const Fleet& fleet);

// The longest step of a job that runs far beyond its usual time.
std::optional<StuckStep> stuck_step(const Job& job, const Jobs& jobs, const Fleet& fleet);

// The rank of a job with free spans among those that wait for an express place; nullopt: it does not wait for
// one.
std::optional<ExpressRank> express_rank(const Job& job);

}  // namespace pq::core
