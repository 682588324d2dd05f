// Which of a job's free parts an agent may take, and which agents could still try what has failed. Reads
// only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "daemon/core/core.h"

namespace pq::core {

class Candidates {
 public:
  Candidates(const Core& core, Now now) : jobs_(core.jobs), fleet_(core.fleet), now_(now) {}

  // The first free part of the job that this agent should take now.
  std::optional<Range> free_for(const Agent& agent, const Job& job) const;

  // Whether another agent could compute what has failed on this one: an agent that is believed, or has no
  // result yet.
  bool others_might_succeed(const Agent& agent, const Job& job, const Evidence& part) const;

  // Every agent that could compute the job has tried it and failed: nothing of it has ever succeeded.
  bool all_have_tried(const Job& job) const;

 private:
  template <class Who>
  bool others_can(const Agent& agent, const Job& job, const Who& who) const;
  bool is_suspended(const Agent& agent, const Job& job) const {
    return job.records.is_suspended(agent.row.id, now_.instant);
  }
  bool others_may_come_back(const Job& job) const;
  bool begins_soon(const Agent& agent, const Job& job) const;
  bool holds_suspect(const Agent& agent) const;
  bool takes_part(const Agent& agent, const Job& job, const Evidence& part, bool has_suspect) const;

  const Jobs& jobs_;
  const Fleet& fleet_;
  Now now_;
};

}  // namespace pq::core
