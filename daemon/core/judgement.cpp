#include "daemon/core/judgement.h"

#include <algorithm>
#include <utility>

#include "common/values/limits.h"
#include "common/values/text.h"
#include "daemon/core/agent_life.h"
#include "daemon/core/limits.h"
#include "daemon/core/scheduling/candidates.h"

namespace pq::core {

// A success clears other agents of the failures that they shared with this one.
void Judgement::note_success(Agent& agent, Job& job, const Evidence& evidence) {
  job.records.succeed(agent.row.id);
  for (const AgentId other : evidence.failed_on) {
    if (other == agent.row.id) continue;
    job.records.refute(other);
    judge(other, job);
  }
}

FailedPart Judgement::note_failure(Agent& agent, Job& job, const Evidence& evidence, const LeaseView& view) {
  const AgentId id = agent.row.id;
  const TrackRecord* record = job.records.find(id);
  const bool is_credible = record != nullptr && record->is_credible();
  const Candidates candidates(core_, now_);
  FailedPart failure{id, *view.failed_upto, view.error.value_or("no error text")};
  failure.counts = is_credible || !candidates.others_might_succeed(agent, job, evidence);
  failure.is_last_word = failure.counts && is_last_word(agent, job, evidence);
  if (!failure.counts) job.row.failures_forgiven += 1;
  job.records.fail(id, failure.counts, view.cannot_start, evidence.failed_on, now_.instant);
  judge(id, job);
  return failure;
}

// With this failure a single integer has failed often enough. But machines may have gone bad one after the
// other while they had it. So an agent on which it has not failed must try it too, unless it has failed on
// one that is known to work.
bool Judgement::is_last_word(const Agent& agent, const Job& job, const Evidence& part) const {
  const std::uint32_t attempts = part.attempts_failed + 1;
  if (attempts < job.row.spec.attempts_max) return false;
  if (attempts / limits::all_failed_factor >= job.row.spec.attempts_max) return true;
  const bool is_vouched_for = std::any_of(part.failed_on.begin(), part.failed_on.end(), [&](AgentId other) {
    const TrackRecord* record = job.records.find(other);
    return other != agent.row.id && record != nullptr && record->is_credible();
  });
  return is_vouched_for || !Candidates(core_, now_).others_might_succeed(agent, job, part);
}

// An agent without a program's interpreter, or with a full disk, fails faster than others compute. Alone it
// would spend all of a job's failures.
void Judgement::judge(AgentId id, Job& job) {
  const auto found = core_.fleet.roster().all().find(id);
  if (found == core_.fleet.roster().all().end() || found->second.quarantined_until || !job.records.is_bad(id))
    return;
  const std::uint32_t failures = job.records.find(id)->failures_in_row;
  quarantine(found->second, job, now_.instant + limits::quarantine_term,
             count_of(failures, "attempt") +
                 " failed there in a row, others succeed; the last with: " + job.last_words);
}

void Judgement::judge_suspects(Job& job) {
  for (const AgentId id : job.records.suspects()) {
    const auto found = core_.fleet.roster().all().find(id);
    if (found == core_.fleet.roster().all().end() || found->second.quarantined_until) continue;
    quarantine(found->second, job, now_.instant + limits::quarantine_short,
               "all that it tried of the job has failed there and succeeded elsewhere");
  }
}

// Its failures that counted are forgiven.
void Judgement::quarantine(Agent& agent, const Job& job, Instant until, std::string why) {
  Job& changed = core_.jobs.change(job.row.id);
  if (const TrackRecord* record = changed.records.find(agent.row.id)) {
    changed.row.failures_forgiven += record->counted_in_row;
    changed.records.forget(agent.row.id);
  }
  AgentLife(turn_).quarantine(agent, job.row.id, until, job.row.spec.kernel != Kernel::exec, std::move(why));
}

bool fails_everywhere(const Job& job, const Core& core, Now now) {
  const JobSpec& spec = job.row.spec;
  if (job.records.any_success() || job.ledger.done() > 0 || spec.failures_max > limits::failures_max_usual)
    return false;
  if (job.records.failures() < std::uint64_t{limits::all_failed_factor} * spec.attempts_max) return false;
  return Candidates(core, now).all_have_tried(job);
}

}  // namespace pq::core
