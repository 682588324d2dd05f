#include "daemon/core/leasing.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "common/values/text.h"
#include "daemon/core/limits.h"

namespace pq::core {
namespace {

// The part that the holder may have computed when it was last heard or shortly after. That is the step that
// it reported, and what it may have begun before its next beat. If it reports no steps, it is all of the
// lease.
std::uint64_t in_hand_upto(const Lease& lease, std::uint64_t upto, std::uint64_t end) {
  if (!lease.step_end || *lease.step_end <= upto || *lease.step_end >= end) return end;
  const std::uint64_t step = *lease.step_end - upto;
  return end - *lease.step_end > 2 * step ? *lease.step_end + 2 * step : end;
}

std::string names_of(const std::vector<AgentId>& agents, const Roster& roster) {
  std::string names;
  for (const AgentId id : agents) {
    const auto agent = roster.all().find(id);
    if (agent == roster.all().end() || names.size() > limits::text_bytes_max / 4) continue;
    names += (names.empty() ? "" : ", ") + printable(agent->second.row.name);
  }
  return names.empty() ? "" : " (" + names + ")";
}

}  // namespace

// ---------------------------------------------------------------- they begin

void Leasing::begin(JobId id, AgentId holder, const Range& range, std::optional<double> express_s) {
  Job& job = core_.jobs.change(id);
  Agent& agent = core_.fleet.at(holder);
  const LeaseId lease_id = core_.fleet.next_id();
  Lease lease;
  lease.job = id;
  lease.begin = range.begin;
  lease.agent = holder;
  lease.cpus = job.demand.cpus;
  lease.collected.upto = range.begin;
  lease.granted_in = agent.orders_number + 1;
  lease.granted_unix_ms = now_.unix_ms;
  lease.progress_at = now_.instant;
  lease.is_suspect = is_suspect(job.row.spec, job.ledger.evidence_at(range.begin));
  if (core_.shares.jobs_in_line() > 1) lease.turn_ends = now_.instant + limits::share_quantum;
  job.ledger.grant(range.begin, lease_id, holder, range.width(), core_.changes);
  core_.fleet.add(lease_id, lease);
  if (express_s) put_beside_slots(lease_id, *express_s);
  job.gathers_on.reset();
  job.row.leases.granted += 1;
  core_.story.lease_counts.granted += 1;
  job.row.state = JobState::running;
  if (!job.row.started_unix_ms) job.row.started_unix_ms = now_.unix_ms;
}

void Leasing::put_beside_slots(LeaseId id, double expected_s) {
  const Lease& lease = core_.fleet.lease(id);
  Job& job = core_.jobs.change(lease.job);
  job.express += 1;
  job.express_turn = core_.jobs.next_express_turn();
  if (lease.leaving) job.leaving -= 1;
  core_.fleet.put_beside_slots(id, expected_s, job.row.spec.program.has_value(), now_.instant);
}

// ---------------------------------------------------------------- they are asked

void Leasing::ask_to_end(LeaseId id, std::uint64_t end) {
  Lease& lease = core_.fleet.lease(id);
  lease.end_asked = end;
  lease.asked_in = core_.fleet.at(lease.agent).orders_number + 1;
  lease.next_ask = now_.instant + limits::ask_pause;
  lease.end_owed.reset();
  core_.fleet.order(lease.agent);
}

void Leasing::ask_to_leave(LeaseId id) {
  Lease& lease = core_.fleet.lease(id);
  if (std::exchange(lease.leaving, true)) return;
  Job& job = core_.jobs.at(lease.job);
  job.leaving += lease.express_s ? 0 : 1;
  core_.jobs.rank_anew(lease.job);
  ask_to_end(id, job.ledger.leased_at(lease.begin)->upto);
}

// ---------------------------------------------------------------- they end

void Leasing::release(LeaseId id) {
  const Lease& lease = core_.fleet.lease(id);
  Job& job = core_.jobs.change(lease.job);
  forget_output(id, job.ledger.leased_at(lease.begin)->upto);
  job.ledger.release(lease.begin, core_.changes);
  drop(id);
}

void Leasing::drop(LeaseId id) {
  const Lease& lease = core_.fleet.lease(id);
  Job& job = core_.jobs.change(lease.job);
  note_part(lease, id, core_.fleet.at(lease.agent));
  if (lease.express_s) {
    job.express -= 1;
  } else if (lease.leaving) {
    job.leaving -= 1;
  }
  core_.fleet.remove(id);
  drop_copies_of(id);
}

void Leasing::lose(LeaseId id, const std::string& why) {
  const Lease& lease = core_.fleet.lease(id);
  Agent& agent = core_.fleet.at(lease.agent);
  Job& job = core_.jobs.change(lease.job);
  job.row.leases.expired += 1;
  core_.story.lease_counts.expired += 1;
  LostLease lost{lease.job, job.ledger.leased_at(lease.begin)->upto, job.ledger.end_of(lease.begin),
                 agent.row.incarnation};
  effects_.events.push_back({Happening::lease_expired, lease.job, agent.row.name, to_text(id) + ": " + why});
  if (is_sudden(agent, job) && lost.upto < lost.end) {
    forget_output(id, lost.upto);
    lost.blamed = blame(lease, agent, job);
    drop(id);
  } else {
    release(id);
  }
  agent.lost[id] = lost;
}

void Leasing::lose_all(Agent& agent, const std::string& why) {
  while (!agent.copies.empty()) core_.fleet.remove_copy(*agent.copies.begin());
  while (!agent.leases.empty()) lose(*agent.leases.begin(), why);
}

std::uint64_t Leasing::take_back(LeaseId id) {
  Lease& lease = core_.fleet.lease(id);
  Job& job = core_.jobs.change(lease.job);
  const std::uint64_t committed = job.ledger.leased_at(lease.begin)->upto - lease.begin;
  job.row.discarded = sum_at_most(job.row.discarded, committed);
  job.row.collected_bytes -= std::exchange(lease.collected.committed_bytes, 0);
  forget_output(id, lease.begin);
  job.ledger.take_back(lease.begin, core_.changes);
  drop(id);
  return committed;
}

// The ledger has written what the lease leaves; this adds who computed it. A job with very many parts joins
// those that one agent finishes side by side in one turn. That loses only which lease it was.
void Leasing::note_part(const Lease& lease, LeaseId id, const Agent& agent) {
  Changes& changes = core_.changes;
  const auto place = changes.parts.find({lease.job, lease.begin});
  if (place == changes.parts.end() || !place->second || place->second->lease != id) return;
  Part& part = *place->second;
  part.workers = {agent.worker};
  part.output_bytes = lease.collected.committed_bytes;
  Job& job = core_.jobs.at(lease.job);
  if (job.workers_noted.insert(agent.worker).second)
    changes.workers[{lease.job, agent.worker}] = {agent.row.name, agent.row.public_key};
  if (job.parts >= core_.settings.parts_kept / 2 && place != changes.parts.begin()) {
    auto& [key, left] = *std::prev(place);
    if (key.job == lease.job && left && left->end == lease.begin && left->workers == part.workers) {
      if (auto one = joined(*left, part, job.row.spec.fold)) {
        left = *std::move(one);
        changes.parts.erase(place);
        return;
      }
    }
  }
  job.parts += 1;
  if (job.parts > std::max(core_.settings.parts_kept, job.parts_joined_at))
    core_.provenance_wanted.insert(lease.job);
}

// ---------------------------------------------------------------- what is collected of them

void Leasing::note_committed(Lease& lease, std::uint64_t upto) {
  const std::uint64_t bytes = lease.collected.commit(upto);
  if (bytes == 0) return;
  Job& job = core_.jobs.change(lease.job);
  job.output_waiting -= bytes;
  job.row.collected_bytes += bytes;
}

void Leasing::forget_output(LeaseId id, std::uint64_t from) {
  Lease& lease = core_.fleet.lease(id);
  Job& job = core_.jobs.at(lease.job);
  if (!job.collects()) return;
  const std::uint64_t waiting_before = lease.collected.waiting_bytes();
  const Leased* leased = job.ledger.leased_at(lease.begin);
  lease.collected.forget(from, leased != nullptr ? std::min(leased->upto, from) : from);
  job.output_waiting -= waiting_before - lease.collected.waiting_bytes();
  core_.changes.outputs_erased.push_back({lease.job, id, from});
}

// ---------------------------------------------------------------- copies

void Leasing::drop_copies_of(LeaseId original) {
  std::vector<LeaseId> copies;
  for (const auto& [id, copy] : core_.fleet.copies()) {
    if (copy.original == original) copies.push_back(id);
  }
  for (const LeaseId id : copies) core_.fleet.remove_copy(id);
}

void Leasing::hand_over(LeaseId id) {
  const Copy copy = core_.fleet.copies().at(id);
  const Lease& original = core_.fleet.lease(copy.original);
  Agent& holder = core_.fleet.at(original.agent);
  Job& job = core_.jobs.change(copy.job);
  holder.lost[copy.original] = {copy.job, copy.range.begin, copy.range.end, holder.row.incarnation};
  job.ledger.hand_over(original.begin, id, copy.agent, core_.changes);
  drop(copy.original);  // and with it this copy
  Lease lease;
  lease.job = copy.job;
  lease.cpus = copy.cpus;
  lease.begin = copy.range.begin;
  lease.agent = copy.agent;
  lease.granted_in = copy.granted_in;
  core_.fleet.add(id, lease);
  job.row.leases.expired += 1;
  job.row.leases.granted += 1;
  core_.story.lease_counts.expired += 1;
  core_.story.lease_counts.granted += 1;
}

// ---------------------------------------------------------------- agents that are lost

// A lost machine is never a failure. But a run with which agent after agent is lost is given up in the end.
// Built-in kernels get no such evidence, nor do ends that were announced or requested.
bool Leasing::is_sudden(const Agent& agent, const Job& job) const {
  return job.row.spec.program.has_value() && agent.may_be_killed();
}

void Leasing::count_loss(Agent& agent) {
  if (agent.may_be_killed() && !std::exchange(agent.is_counted_lost, true)) core_.mortality.lose();
}

// The part that the agent had in hand stays apart with that evidence. It is given up if the evidence is
// enough.
std::optional<Range> Leasing::blame(const Lease& lease, const Agent& agent, Job& job) {
  const Leased& leased = *job.ledger.leased_at(lease.begin);
  const Range part{leased.upto, in_hand_upto(lease, leased.upto, job.ledger.end_of(lease.begin))};
  Evidence known = leased.evidence;
  known.losses += 1;
  known.losses_alone += part.width() == 1 ? 1 : 0;
  if (!known.was_lost_on(agent.row.id)) known.lost_on.push_back(agent.row.id);
  // The agent died after it was last heard, and before its next beat was due.
  LostPart loss{agent.row.id, part.end,
                std::max(agent.heard_at - lease.progress_at, Duration{0}) + core_.fleet.beat()};
  loss.in_hand = std::min(loss.in_hand, std::max(now_.instant - lease.progress_at, Duration{0}));
  known.in_hand += loss.in_hand;
  if (known.losses > 1) core_.mortality.explain(known.losses == 2 ? 2 : 1);
  if (part.width() == 1 && is_killer(job.row.spec, known, core_.mortality)) {
    loss.last_word = beginning(
        fmt::format("{} lost while they computed it{}: it may need more memory than they have, or end them",
                    known.losses == 1 ? "1 agent was" : fmt::format("{} agents were", known.losses),
                    names_of(known.lost_on, core_.fleet.roster())),
        limits::error_bytes_max);
    effects_.events.push_back({Happening::run_kills_agents, job.row.id, agent.row.name,
                               fmt::format("{}:{}: {}", part.begin, part.end, *loss.last_word)});
  }
  job.ledger.lose(lease.begin, loss, core_.changes);
  return part;
}

}  // namespace pq::core
