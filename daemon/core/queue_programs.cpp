// What comes with programs: what they print, the files that they need, and agents on which they fail while
// they succeed elsewhere.

#include <algorithm>
#include <string>
#include <utility>

#include "daemon/core/queue.h"

namespace pq {

// ---------------------------------------------------------------- what they print

// Heard once: repeated after a lost answer, it is only answered again.
void Queue::hear(const Sender& from, const Output& output, Now now, Effects& effects) {
  Agent* agent = speaking(from, output.name, output.incarnation, effects);
  if (agent == nullptr || agent->gone) return;  // only a Beat tells that it lives; then this is said again
  if (output.seq > agent->output_seq) {
    for (const LogPart& part : output.logs) keep_log(part, *agent, now);
    for (const OutputPart& part : output.outputs) keep_output(part, *agent);
    agent->output_seq = output.seq;
    changes_.outputs_seen[agent->row.id] = output.seq;
  }
  effects.outgoing.push_back({from.peer, OutputStored{output.incarnation, output.seq}});
}

// Also of a lease that is lost: what a program said there may be just what one wants to know.
void Queue::keep_log(const LogPart& part, const Agent& agent, Now now) {
  const auto found = jobs_.find(part.job);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  job.logs_upto += 1;
  changes_.logs.push_back({part.job,
                           part.lease,
                           {.number = job.logs_upto,
                            .unix_ms = now.unix_ms,
                            .agent = agent.row.name,
                            .run = part.run,
                            .attempt = part.attempt,
                            .stream = part.stream,
                            .failed = part.failed,
                            .text = part.text}});
  if (job.logs_upto > limits::log_parts_kept)
    changes_.logs_erased_upto[part.job] = job.logs_upto - limits::log_parts_kept;
}

// Only what follows of what its agent still holds: anything else is there already, or is collected by
// somebody else.
void Queue::keep_output(const OutputPart& part, const Agent& agent) {
  Lease* lease = leases_.find(part.lease);
  if (lease == nullptr || lease->agent != agent.row.id || lease->job != part.job) return;
  Job& job = jobs_.at(lease->job);
  if (!job.row.spec.program || !job.row.spec.program->collects) return;
  Collected& collected = lease->collected;
  const bool is_next = part.run.begin == collected.upto && part.offset == collected.bytes;
  if (!is_next || part.run.end > job.ledger.end_of(lease->begin)) return;
  collected.add(part.run, part.text.data.size(), part.last);
  touch(part.job).row.collected_bytes += part.text.data.size();
  changes_.outputs.push_back({part.job, part.lease, {part.run, part.offset, part.text}, part.last});
}

// A head that was restored from a backup may have lost what it had acknowledged since, and its agents commit
// what they believe to be stored. And an agent that had dropped a lease and takes it again may cut it into
// other runs.
bool Queue::is_collected(const Lease& lease, std::uint64_t upto) const {
  const Job& job = jobs_.at(lease.job);
  if (!job.row.spec.program || !job.row.spec.program->collects) return true;
  return upto <= job.ledger.leased_at(lease.begin)->upto || lease.collected.ends.contains(upto);
}

// The lease goes no further, whatever its agent has sent: others will collect the rest.
void Queue::forget_output(LeaseId id, std::uint64_t from) {
  const Lease& lease = *leases_.find(id);
  const Job& job = jobs_.at(lease.job);
  if (!job.row.spec.program || !job.row.spec.program->collects) return;
  changes_.outputs_erased.push_back({lease.job, id, from});
}

// The daemon reads the file's bytes; that the agent is there is worth a turn all the same.
void Queue::hear(const Sender& from, const WantFile& want, Now /*now*/, Effects& effects) {
  speaking(from, want.name, want.incarnation, effects);
}

// ---------------------------------------------------------------- agents on which they fail

// What had failed on another agent has succeeded here: so it was that agent.
void Queue::note_success(Agent& agent, Job& job, const Leased& finished, Now now, Effects& effects) {
  job.records.erase(agent.row.id);
  if (!finished.failed_on || *finished.failed_on == agent.row.id) return;
  const auto record = job.records.find(*finished.failed_on);
  if (record == job.records.end()) return;
  record->second.others_succeed = true;
  const auto other = roster_.all().find(*finished.failed_on);
  if (other != roster_.all().end()) judge(other->second, job, now, effects);
}

// What fails here too was not the other one's fault.
void Queue::note_failure(Agent& agent, Job& job, const Leased& failed, Now now, Effects& effects) {
  if (failed.failed_on && *failed.failed_on != agent.row.id) job.records.erase(*failed.failed_on);
  Record& record = job.records[agent.row.id];
  record.failures_in_row += 1;
  if (record.failures_in_row >= limits::quarantine_after)
    record.suspended_until = now.instant + limits::suspension_term;
  judge(agent, job, now, effects);
}

// An agent without a program's interpreter, or with a full disk, fails faster than others compute, and would
// spend all of a job's failures alone.
void Queue::judge(Agent& agent, Job& job, Now now, Effects& effects) {
  const auto record = job.records.find(agent.row.id);
  if (record == job.records.end() || !record->second.others_succeed || agent.quarantined_until) return;
  const std::uint32_t failures = record->second.failures_in_row;
  if (failures < limits::quarantine_after) return;
  touch(job.row.id).row.failures_forgiven += failures;
  job.records.erase(record);
  set_quarantine(agent, now.instant + limits::quarantine_term);
  effects.events.push_back(
      {Happening::agent_quarantined, job.row.id, agent.row.name,
       std::to_string(failures) +
           " attempts failed there in a row, others succeed; the last with: " + job.last_words});
}

void Queue::set_quarantine(Agent& agent, std::optional<Instant> until) {
  if (agent.quarantined_until == until) return;
  roster_.discount(agent);
  agent.quarantined_until = until;
  note_idle(agent);
  idle_pass_.hear_news();
}

}  // namespace pq
