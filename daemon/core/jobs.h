// The jobs that the head knows, and what changed in this turn: which rows must be stored, which jobs need a
// new rank, and which have new commits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/values/errors.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/core/ledger.h"
#include "daemon/core/limits.h"
#include "daemon/core/rows.h"
#include "daemon/core/scheduling/schedule.h"
#include "daemon/core/scheduling/track_records.h"
#include "daemon/core/telling/throughput.h"

namespace pq::core {

struct Job {
  JobRow row;
  Ledger ledger;
  Demand demand = demand_of(row.spec);
  std::string last_words = {};         // of the latest failed attempt
  std::size_t leaving = 0;             // leases with Lease::leaving, without those on express places
  std::size_t express = 0;             // leases on express places
  std::uint64_t express_turn = 0;      // when it last got one, as a count over all jobs
  std::set<AgentId> measured_by = {};  // agents whose Agent::paces include it
  mutable Speeds speeds = {};          // from these; cached, because each needs a pass over all
  mutable Instant speeds_known_until = {};
  std::optional<Cost> usual_before = {};   // as last measured, even if that agent has forgotten it
  TrackRecords records = {};               // of the agents that have tried it
  std::optional<AgentId> gathers_on = {};  // the agent that keeps slots for it, until a step's worth is idle
  std::uint64_t logs_upto = 0;             // the number of its log's last part
  Throughput throughput{limits::job_sample_first, limits::job_samples_max, Throughput::WhenFull::halve};
  std::uint64_t output_waiting = 0;           // bytes stored for its live leases and not committed
  std::size_t parts = 0;                      // rows of its provenance, until it ends
  std::size_t parts_joined_at = 0;            // join rows at this count; 0: at the queue's setting
  std::set<WorkerId> workers_noted = {};      // stored by this head already
  std::map<WorkerId, Suspect> suspects = {};  // agents that reported impossible values

  std::size_t leases_of_slots() const { return ledger.leases() - express; }
  bool collects() const { return row.spec.program && row.spec.program->collects; }
  bool is_doubted() const {
    return std::any_of(suspects.begin(), suspects.end(),
                       [](const auto& suspect) { return suspect.second.must_be_discarded; });
  }
  std::vector<FileRef> files() const {
    return row.spec.program ? files_needed(*row.spec.program) : std::vector<FileRef>{};
  }
};

// Saturates: a lying agent may report 2^64 recomputed integers again and again.
std::uint64_t sum_at_most(std::uint64_t left, std::uint64_t right);

class Jobs {
 public:
  const std::map<JobId, Job>& all() const { return jobs_; }
  bool contains(JobId id) const { return jobs_.contains(id); }
  Job* find(JobId id);
  const Job* find(JobId id) const;
  // Why there is none of this number: it was never given, or the job is forgotten.
  Refusal no_such(JobId id) const;
  // For changes that affect neither the row nor the rank.
  Job& at(JobId id) { return jobs_.at(id); }
  const Job& at(JobId id) const { return jobs_.at(id); }

  // For changes: the row is stored at the turn's end, and the job is ranked again.
  Job& change(JobId id);
  void rank_anew(JobId id) { unranked_.insert(id); }
  // More of it is committed; its row does not show that.
  void note_commit(JobId id) { advanced_.insert(id); }

  std::optional<JobId> of_request(const RequestId& request) const;
  JobId next_id();
  JobId last_id() const { return last_id_; }
  // This id was given already, though its job may be forgotten.
  void note_id(JobId id) { last_id_ = std::max(last_id_, id); }
  std::uint64_t next_express_turn() { return ++express_turns_; }
  Job& add(JobRow row, Ledger ledger);
  // nullptr: no job has ended.
  const Job* oldest_ended() const;
  void forget(JobId id);

  // The job has ended and keeps its samples. Jobs that ended long before lose theirs.
  void keep_samples(JobId id);

  // ---- at the turn's end
  std::vector<JobId> changed() const { return {changed_.begin(), changed_.end()}; }
  std::set<JobId> take_unranked() { return std::exchange(unranked_, {}); }
  std::set<JobId> take_advanced() { return std::exchange(advanced_, {}); }
  void note_rows(Changes& changes);

 private:
  std::map<JobId, Job> jobs_;
  std::map<RequestId, JobId> by_request_;
  JobId last_id_;
  std::uint64_t express_turns_ = 0;
  std::set<JobId> changed_;
  std::set<JobId> unranked_;
  std::set<JobId> advanced_;
  std::deque<JobId> sampled_;  // ended jobs that still have samples, the latest last
};

}  // namespace pq::core
