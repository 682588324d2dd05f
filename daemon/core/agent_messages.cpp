#include "daemon/core/agent_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "common/values/limits.h"
#include "common/values/text.h"
#include "daemon/core/agent_life.h"
#include "daemon/core/judgement.h"
#include "daemon/core/limits.h"
#include "daemon/core/proof/plausible.h"
#include "daemon/core/provenance_keeper.h"

namespace pq::core {

void AgentMessages::handle(const Sender& from, const AgentToHead& message) {
  std::visit([&](const auto& m) { handle(from, m); }, message);
}

void AgentMessages::refuse(const Sender& from, ErrorWord word, std::string detail) {
  effects_.outgoing.push_back({from.peer, Refusal{word, std::move(detail)}});
}

void AgentMessages::tell(Happening what, JobId job, const Agent& agent, std::string detail) {
  effects_.events.push_back({what, job, agent.row.name, std::move(detail)});
}

// ---------------------------------------------------------------- hello and goodbye

void AgentMessages::handle(const Sender& from, const Hello& hello) {
  Roster& roster = core_.fleet.roster();
  Agent* agent = roster.find(from.public_key, hello.name);
  const bool is_new = agent == nullptr || agent->is_gone();
  if (agent == nullptr) agent = roster.add(from.public_key, hello.name);
  if (agent == nullptr) {
    return refuse(from, ErrorWord::too_much,
                  std::to_string(limits::agents_max) + " agents are known, which is the limit");
  }
  if (agent->was_replaced(hello.incarnation)) return refuse(from, ErrorWord::replaced, hello.name);
  if (agent->row.incarnation != hello.incarnation) {
    if (!is_new) {
      effects_.events.push_back(
          {Happening::agent_replaced, {}, hello.name, "by a newer process of this name"});
      leasing_.count_loss(*agent);
    }
    AgentLife(turn_).begin_anew(*agent);
  }
  if (is_new)
    effects_.events.push_back({Happening::agent_joined, {}, hello.name, count_of(hello.slots, "slot")});
  roster.discount(*agent);
  agent->row.incarnation = hello.incarnation;
  agent->row.program_version = hello.program_version;
  agent->row.slots = std::min(hello.slots, limits::slots_max);
  agent->row.kernels = hello.kernels;
  agent->row.labels = hello.labels;
  if (agent->is_gone()) agent->presence = Expected{};
  core_.fleet.hear(*agent, now_.instant);
  core_.fleet.refresh(*agent);
  core_.changes.agents[agent->row.id] = agent->row;
  effects_.outgoing.push_back({from.peer, Welcome{hello.incarnation}});
}

void AgentMessages::handle(const Sender& from, const Goodbye& goodbye) {
  Agent* agent = core_.fleet.roster().find(from.public_key, goodbye.name);
  if (agent == nullptr || agent->row.incarnation != goodbye.incarnation || agent->is_gone()) return;
  agent->heard_at = now_.instant;  // it is listed as gone from now on, even if it was silent before
  while (!agent->leases.empty()) leasing_.release(*agent->leases.begin());
  while (!agent->copies.empty()) core_.fleet.remove_copy(*agent->copies.begin());
  AgentLife(turn_).leave(*agent);
  tell(Happening::agent_left, {}, *agent, "");
}

// The agent that sent this, if this process has the name. Otherwise the head answers what it should do.
Agent* AgentMessages::speaking(const Sender& from, const std::string& name, Incarnation incarnation) {
  Agent* agent = core_.fleet.roster().find(from.public_key, name);
  if (agent != nullptr && agent->row.incarnation == incarnation) return agent;
  const bool replaced = agent != nullptr && agent->was_replaced(incarnation);
  if (replaced) AgentLife(turn_).note_alive(*agent, incarnation);
  refuse(from, replaced ? ErrorWord::replaced : ErrorWord::introduce_yourself, name);
  return nullptr;
}

// ---------------------------------------------------------------- beats

void AgentMessages::handle(const Sender& from, const Beat& beat) {
  Agent* agent = speaking(from, beat.name, beat.incarnation);
  if (agent == nullptr || beat.seq <= agent->beat_seq) return;
  agent->beat_seq = beat.seq;
  core_.fleet.hear(*agent, now_.instant);
  AgentLife(turn_).note_alive(*agent, beat.incarnation);
  if (agent->is_gone()) core_.changes.agents[agent->row.id] = agent->row;
  agent->presence = Here{from.peer};
  agent->orders_seen = beat.epoch == core_.fleet.leases().epoch() ? beat.orders_seen : 0;
  // An agent that was forgotten and came back accepts only Orders with a higher number than before.
  agent->orders_number = std::max(agent->orders_number, agent->orders_seen);
  agent->express.exist = beat.express;
  note_plans(*agent, beat);
  AgentLife(turn_).note_paces(*agent, beat.paces);
  for (const LeaseView& view : beat.leases) note_lease(*agent, view);
  drop_unlisted(*agent, beat);
  core_.fleet.order(agent->row.id);
  core_.fleet.refresh(*agent);
}

// Whether the agent accepts more work, and whether its cloud is the reason.
void AgentMessages::note_plans(Agent& agent, const Beat& beat) {
  if (beat.notice && beat.notice != agent.notice)
    tell(Happening::agent_warned, {}, agent, to_text(*beat.notice));
  if (beat.draining && !agent.draining) tell(Happening::agent_drains, {}, agent, "");
  if (!beat.draining && agent.draining)
    tell(Happening::agent_resumes, {}, agent, "its cloud's notice is over");
  agent.draining = beat.draining;
  agent.notice = beat.notice;
  agent.notice_errors = beat.notice_errors;
}

// The agent has seen the orders that granted a lease, but does not list it: so it does not have the lease.
void AgentMessages::drop_unlisted(Agent& agent, const Beat& beat) {
  std::set<LeaseId> listed;
  for (const LeaseView& view : beat.leases) listed.insert(view.lease);
  const std::set<LeaseId> held = agent.leases;
  for (const LeaseId id : held) {
    if (!listed.contains(id) && core_.fleet.lease(id).granted_in <= agent.orders_seen) leasing_.release(id);
  }
  const std::set<LeaseId> copies = agent.copies;
  for (const LeaseId id : copies) {
    if (!listed.contains(id) && core_.fleet.copies().at(id).granted_in <= agent.orders_seen)
      core_.fleet.remove_copy(id);
  }
  std::erase_if(agent.lost, [&](const auto& lost) {
    return lost.second.of == beat.incarnation && !listed.contains(lost.first);
  });
}

// ---------------------------------------------------------------- a lease in a beat

namespace {

// It declares the requested end, or goes on, or computes its lease to the end.
bool has_answered(const Job& job, Lease& lease, const LeaseView& view, const Leased& before) {
  if (!lease.end_owed) return true;
  const std::uint64_t end = job.ledger.end_of(lease.begin);
  const bool answers = view.end <= run_boundary(job.row.spec, *lease.end_owed) || view.end < end ||
                       view.upto > before.upto || (view.step_end && *view.step_end >= view.end);
  if (answers) lease.end_owed.reset();
  return answers;
}

}  // namespace

void AgentMessages::note_lease(Agent& agent, const LeaseView& view) {
  note_copy(agent, view);
  Lease* lease = core_.fleet.find_lease(view.lease);
  if (lease == nullptr || lease->agent != agent.row.id) return note_recomputed(agent, view);
  if (lease->begin != view.begin) return misused(agent, view, "another begin");
  note_express(agent, view);
  lease->step_end = view.step_end;
  if (lease->end_asked && lease->asked_in <= agent.orders_seen) {
    lease->end_owed = std::exchange(lease->end_asked, std::nullopt);
    lease->beats_owed = 0;
  }
  if (!is_collected(*lease, view.upto)) {
    tell(Happening::output_lost, lease->job, agent, to_text(view.lease));
    return leasing_.release(view.lease);
  }
  note_commit(agent, view);
}

void AgentMessages::note_commit(Agent& agent, const LeaseView& view) {
  Lease& lease = core_.fleet.lease(view.lease);
  Job& job = core_.jobs.at(lease.job);
  const Leased before = *job.ledger.leased_at(lease.begin);
  if (auto why =
          why_impossible(job.row.spec, view.begin, {before.upto, before.value}, {view.upto, view.value})) {
    tell(Happening::value_impossible, lease.job, agent, *why);
    return ProvenanceKeeper(turn_).doubt(agent, view.lease,
                                         {.name = agent.row.name, .what = *std::move(why)});
  }
  const std::uint64_t done_before = job.ledger.done();
  const Verdict verdict =
      job.ledger.commit({view.lease, agent.row.id, view.begin, view.upto, view.value}, core_.changes);
  if (const std::uint64_t more = job.ledger.done() - done_before; more > 0) {
    core_.story.integers_done += more;
    core_.jobs.note_commit(lease.job);
  }
  switch (verdict) {
    case Verdict::refused:
      return misused(agent, view, "a commit outside of it, or without a value");
    case Verdict::contradicts:
      // Nobody knows which of the two values is right, so neither counts. If a second agent does this, the
      // machines are not the cause: see JobControl::end_finished.
      tell(Happening::kernel_contradicts, lease.job, agent,
           "two values for " + to_text(Range{view.begin, view.upto}));
      return ProvenanceKeeper(turn_).doubt(
          agent, view.lease,
          {.name = agent.row.name, .contradicts = true, .what = to_text(Range{view.begin, view.upto})});
    case Verdict::finished:
      leasing_.note_committed(lease, view.upto);
      leasing_.forget_output(view.lease, view.upto);
      Judgement(turn_).note_success(agent, job, before.evidence);
      return leasing_.drop(view.lease);
    case Verdict::advanced:
      job.records.succeed(agent.row.id);
      leasing_.note_committed(lease, view.upto);
      lease.progress_at = now_.instant;
      leasing_.drop_copies_of(view.lease);
      break;
    case Verdict::duplicate:
      break;
  }
  if (view.failed_upto) return note_failure(agent, view);
  if (!has_answered(job, lease, view, before) && ++lease.beats_owed >= limits::asked_beats_max) {
    // Agents of 0.1.0 report no steps. One that has computed something may be honest, within a long step.
    const bool may_be_honest = !view.step_end && agent.paces.contains(lease.job);
    misused(agent, view, "an end that was asked for is neither declared nor reached");
    if (!may_be_honest) core_.fleet.set_quarantine(agent, now_.instant + limits::quarantine_short);
    return;
  }
  note_end(agent, view);
}

void AgentMessages::note_failure(Agent& agent, const LeaseView& view) {
  const Lease& lease = core_.fleet.lease(view.lease);
  Job& job = core_.jobs.change(lease.job);
  const Leased leased = *job.ledger.leased_at(lease.begin);
  const std::uint64_t from = leased.upto;
  if (*view.failed_upto <= from || *view.failed_upto > job.ledger.end_of(lease.begin))
    return misused(agent, view, "a failure outside of it");
  // This turn ends the lease: later views in the same turn say nothing new.
  if (fails_everywhere(job, core_, now_)) return leasing_.release(view.lease);
  const std::string words = view.error.value_or("no error text");
  tell(Happening::program_failed, lease.job, agent, fmt::format("{}:{}: {}", from, *view.failed_upto, words));
  job.row.attempts_failed += 1;
  job.last_words = words;
  leasing_.forget_output(view.lease, from);
  const FailedPart failure = Judgement(turn_).note_failure(agent, job, leased.evidence, view);
  job.ledger.fail(lease.begin, failure, core_.changes);
  leasing_.drop(view.lease);
}

// A holder may always give back what it has not begun: on request, or because it drains.
void AgentMessages::note_end(Agent& agent, const LeaseView& view) {
  Lease& lease = core_.fleet.lease(view.lease);
  Job& job = core_.jobs.at(lease.job);
  if (view.end >= job.ledger.end_of(lease.begin)) return;
  if (!job.ledger.shrink(lease.begin, view.end, core_.changes))
    return misused(agent, view, "an end before its commit");
  leasing_.forget_output(view.lease, view.end);
  leasing_.drop_copies_of(view.lease);
  core_.jobs.rank_anew(lease.job);
  if (!agent.draining) {
    core_.story.note_split(
        lease.job, agent.row.name,
        to_text(view.lease) + " ends at " + std::to_string(view.end) + ", for another slot");
  }
  if (!std::exchange(lease.has_yielded, true)) {
    core_.jobs.change(lease.job).row.leases.yielded += 1;
    core_.story.lease_counts.yielded += 1;
  }
  if (job.ledger.leased_at(lease.begin) == nullptr) leasing_.drop(view.lease);
}

// No honest agent sends this. The agent loses the lease; what it committed before stays.
void AgentMessages::misused(const Agent& agent, const LeaseView& view, const char* how) {
  tell(Happening::lease_misused, core_.fleet.lease(view.lease).job, agent, to_text(view.lease) + ": " + how);
  leasing_.release(view.lease);
}

// The lease is gone. Another agent also computes what its former holder has computed since.
void AgentMessages::note_recomputed(Agent& agent, const LeaseView& view) {
  const auto lost = agent.lost.find(view.lease);
  if (lost == agent.lost.end()) return;
  const std::uint64_t upto = std::min(view.upto, lost->second.end);
  if (upto <= lost->second.upto) return;
  if (core_.jobs.contains(lost->second.job))
    core_.jobs.change(lost->second.job).row.recomputed += upto - lost->second.upto;
  lost->second.upto = upto;
}

// A restarted head takes each stored lease for a slot's, until the holder reports otherwise. It believes in
// no more express leases than could have been granted.
void AgentMessages::note_express(const Agent& agent, const LeaseView& view) {
  const Lease& lease = core_.fleet.lease(view.lease);
  if (!view.express || lease.express_s || lease.granted_in > 0 || !agent.express.exist) return;
  const Job& job = core_.jobs.at(lease.job);
  const bool fits = job.row.spec.program ? agent.express.has_room_for_program()
                                         : agent.express.counts < limits::express_counts_max;
  if (fits) leasing_.put_beside_slots(view.lease, 0);
}

// A copy counts only when it is complete. Its failures say nothing that the original will not say.
void AgentMessages::note_copy(const Agent& agent, const LeaseView& view) {
  const auto found = core_.fleet.copies().find(view.lease);
  if (found == core_.fleet.copies().end() || found->second.agent != agent.row.id) return;
  const Range& range = found->second.range;
  const bool is_cut = view.end < range.end && !view.failed_upto;
  if (is_cut || view.begin != range.begin) return core_.fleet.remove_copy(view.lease);
  if (view.upto == range.end || view.failed_upto) leasing_.hand_over(view.lease);
}

// ---------------------------------------------------------------- what programs print

// Stored once: a repeated message after a lost answer is only answered again. Only a Beat shows that an agent
// listed as gone is alive; the agent then repeats this message.
void AgentMessages::handle(const Sender& from, const Output& output) {
  Agent* agent = speaking(from, output.name, output.incarnation);
  if (agent == nullptr || agent->is_gone()) return;
  if (output.seq > agent->output_seq) {
    if (core_.space.is_short()) return;  // it is sent again
    for (const LogPart& part : output.logs) keep_log(part, *agent);
    for (const OutputPart& part : output.outputs) keep_output(part, *agent);
    agent->output_seq = output.seq;
    core_.changes.outputs_seen[agent->row.id] = output.seq;
  }
  effects_.outgoing.push_back({from.peer, OutputStored{output.incarnation, output.seq}});
}

// Also stored for a lost lease: the operator may want to know exactly what a program printed there.
void AgentMessages::keep_log(const LogPart& part, const Agent& agent) {
  Job* job = core_.jobs.find(part.job);
  if (job == nullptr) return;
  job->logs_upto += 1;
  core_.changes.logs.push_back({part.job,
                                part.lease,
                                {.number = job->logs_upto,
                                 .unix_ms = now_.unix_ms,
                                 .agent = agent.row.name,
                                 .run = part.run,
                                 .attempt = part.attempt,
                                 .stream = part.stream,
                                 .failed = part.failed,
                                 .text = part.text}});
  if (job->logs_upto > limits::log_parts_kept)
    core_.changes.logs_erased_upto[part.job] = job->logs_upto - limits::log_parts_kept;
}

// Stores only output that continues what the agent's live leases have sent. Other output is stored already,
// or another agent collects it.
void AgentMessages::keep_output(const OutputPart& part, const Agent& agent) {
  Lease* lease = core_.fleet.find_lease(part.lease);
  if (lease == nullptr || lease->agent != agent.row.id || lease->job != part.job) return;
  const Job& job = core_.jobs.at(lease->job);
  if (!job.collects()) return;
  Collected& collected = lease->collected;
  const bool is_next = part.run.begin == collected.upto && part.offset == collected.bytes;
  if (!is_next || part.run.end > job.ledger.end_of(lease->begin)) return;
  collected.add(part.run, part.text.data.size(), part.last);
  core_.jobs.change(part.job).output_waiting += part.text.data.size();
  core_.changes.outputs.push_back({part.job, part.lease, {part.run, part.offset, part.text}, part.last});
}

// A head restored from a backup may lack output that it acknowledged later; its agents then commit what they
// believe to be stored. An agent that dropped a lease and gets it again may also cut it into different runs.
bool AgentMessages::is_collected(const Lease& lease, std::uint64_t upto) const {
  const Job& job = core_.jobs.at(lease.job);
  return !job.collects() || upto <= job.ledger.leased_at(lease.begin)->upto ||
         lease.collected.ends.contains(upto);
}

// The daemon reads the file's bytes. The request still shows that the agent is alive.
void AgentMessages::handle(const Sender& from, const WantFile& want) {
  speaking(from, want.name, want.incarnation);
}

}  // namespace pq::core
