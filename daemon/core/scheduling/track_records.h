// How agents have done with one job, and so which of them to believe when its program fails. An agent that
// has not succeeded with the job is believed last: a broken machine fails faster than others compute, and two
// broken machines would confirm each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::core {

struct TrackRecord {
  bool has_succeeded = false;             // with any part of the job
  bool cannot_start = false;              // the last failure came from the agent: the program did not start
  std::uint32_t failures_in_row = 0;      // since it last succeeded
  std::uint32_t counted_in_row = 0;       // of these, those that count against the job
  std::uint32_t refuted = 0;              // of these, those whose parts succeeded elsewhere later
  std::vector<AgentId> agrees_with = {};  // agents on which the same parts had failed before
  Instant suspended_until = {};           // until then others try what has failed on it

  // Its reports are believed at once: its last result on another part was a success.
  bool is_credible() const { return has_succeeded && failures_in_row == 0; }
  bool is_broken_off() const;  // it failed so often in a row that others must try first
};

class TrackRecords {
 public:
  // The agent works. So if parts failed on it and on other agents too, those agents are not to blame for
  // these failures.
  void succeed(AgentId agent);
  // `failed_on`: agents on which the same part had failed before.
  void fail(AgentId agent, bool counts, bool cannot_start, const std::vector<AgentId>& failed_on,
            Instant now);
  // A part that failed on this agent has succeeded elsewhere.
  void refute(AgentId agent);
  void forget(AgentId agent) { records_.erase(agent); }
  // The job is retried: all failures are forgotten.
  void clear();

  // nullptr: it has no result yet.
  const TrackRecord* find(AgentId agent) const;
  // Whether it has no result yet, or its last result was a success.
  bool might_succeed(AgentId agent) const;
  bool is_suspended(AgentId agent, Instant at) const;
  // Parts fail on it that succeed elsewhere, or it cannot start programs.
  bool is_bad(AgentId agent) const;
  // Agents with failures only, whose parts have succeeded elsewhere. Ask when a job ends.
  std::vector<AgentId> suspects() const;

  // Over all agents, since the job began or was last cleared.
  bool any_success() const { return any_success_; }
  bool has_succeeded(AgentId agent) const;
  std::uint64_t failures() const { return failures_; }
  std::size_t agents_failed() const;

 private:
  void exonerate(AgentId agent);

  std::map<AgentId, TrackRecord> records_;
  bool any_success_ = false;
  std::uint64_t failures_ = 0;
};

}  // namespace pq::core
