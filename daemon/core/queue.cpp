#include "daemon/core/queue.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "daemon/core/agent_life.h"
#include "daemon/core/agent_messages.h"
#include "daemon/core/client_requests.h"
#include "daemon/core/forgetting.h"
#include "daemon/core/job_control.h"
#include "daemon/core/leasing.h"
#include "daemon/core/limits.h"
#include "daemon/core/orders.h"
#include "daemon/core/provenance_keeper.h"
#include "daemon/core/scheduling/costs.h"
#include "daemon/core/scheduling/scheduler.h"

namespace pq::core {
namespace {

std::map<JobId, std::map<std::uint64_t, Span>> by_job(SpanRows&& rows) {
  std::map<JobId, std::map<std::uint64_t, Span>> spans;
  for (auto& [key, span] : rows) {
    auto& job = spans[key.job];
    job.emplace_hint(job.end(), key.begin, std::move(span));
  }
  return spans;
}

template <class Value>
void take(const std::map<JobId, Value>& from, JobId id, std::size_t& into) {
  if (const auto found = from.find(id); found != from.end()) into = found->second;
}

// A lease as its span describes it; the holder will report the rest.
Lease restored(const Leased& leased, std::uint64_t begin, const JobRow& job, const Stored& stored, Now now) {
  Lease lease;
  lease.job = job.id;
  lease.cpus = job.spec.cpus;
  lease.begin = begin;
  lease.agent = leased.agent;
  lease.progress_at = now.instant;
  const auto collected = stored.collected.find(leased.lease);
  lease.collected = collected == stored.collected.end() ? Collected{.upto = leased.upto} : collected->second;
  return lease;
}

void notice_silent_holders(Fleet& fleet, Instant now) {
  for (const auto& [id, lease] : fleet.leases().all()) fleet.notice_silence(fleet.at(lease.agent), now);
}

}  // namespace

// ---------------------------------------------------------------- the start

Queue::Queue(QueueSettings settings, Epoch epoch, Stored stored, Now now) : core_(settings, epoch) {
  const Instant deadline = now.instant + std::max(settings.lease_term, limits::restart_term);
  core_.fleet.begin(now.instant, deadline);
  for (auto& [id, row] : stored.agents) core_.fleet.roster().restore(std::move(row), now.instant, deadline);
  for (const auto& [id, seq] : stored.outputs_seen) core_.fleet.at(id).output_seq = seq;
  core_.files.restore(stored.files, now.instant);
  core_.jobs.note_id(stored.last_job);
  auto spans = by_job(std::move(stored.spans));
  for (auto& [id, row] : stored.jobs) restore(std::move(row), std::move(spans[id]), stored, now);
  for (const auto& [key, suspect] : stored.suspects) {
    const auto& [id, worker] = key;
    core_.jobs.at(id).suspects[worker] = suspect;
    if (suspect.must_be_discarded) core_.provenance_wanted.insert(id);
  }
  core_.story.events = EventHistory(stored.events);
  core_.story.began_at = settled_at_ = now.instant;
  core_.shares.tell_time(now.instant);
  core_.keeping.look_again_soon(now.instant);
  rank_jobs();
  core_.fleet.sleep_until(next_deadline());
}

void Queue::restore(JobRow row, std::map<std::uint64_t, Span> spans, const Stored& stored, Now now) {
  const JobId id = row.id;
  Ledger ledger(id, row.spec.range, row.spec.fold, std::move(spans));
  Job& job = core_.jobs.add(std::move(row), std::move(ledger));
  for (const auto& [begin, span] : job.ledger.spans()) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    const Lease lease = restored(*leased, begin, job.row, stored, now);
    job.output_waiting += lease.collected.waiting_bytes();
    core_.fleet.add(leased->lease, lease);
  }
  take(stored.logs_upto, id, job.logs_upto);
  take(stored.parts_counts, id, job.parts);
  if (!has_ended(job.row.state)) core_.files.need(id, job.files());
  if (job.row.state == JobState::failed) core_.files.need_less(id, job.files());
  if (job.row.state == JobState::paused) {
    Effects none;
    Turn turn{core_, now, none};
    for (const auto& [begin, span] : job.ledger.spans()) {
      if (const auto* leased = std::get_if<Leased>(&span.state)) Leasing(turn).ask_to_leave(leased->lease);
    }
  }
  core_.jobs.rank_anew(id);
}

// ---------------------------------------------------------------- messages

void Queue::handle(const Sender& from, const AgentToHead& message, Now now, Effects& effects) {
  Turn turn{core_, now, effects};
  AgentMessages(turn).handle(from, message);
}

void Queue::handle(const Sender& from, const Letter<ClientToHead>& letter, Now now, Effects& effects) {
  Turn turn{core_, now, effects};
  if (auto answer = ClientRequests(turn).answer(from, letter))
    effects.outgoing.push_back({from.peer, Letter<HeadToClient>{letter.request, *std::move(answer)}});
}

void Queue::revoke(const std::string& public_key, Now now, Effects& effects) {
  Turn turn{core_, now, effects};
  AgentLife(turn).revoke(public_key);
}

void Queue::see_provenance(JobId id, const Provenance& provenance, Now now, Effects& effects) {
  Turn turn{core_, now, effects};
  ProvenanceKeeper(turn).see(id, provenance);
}

HeadToClient Queue::recompute(const Recompute& ask, const Provenance& provenance, Now now, Effects& effects) {
  Turn turn{core_, now, effects};
  return ProvenanceKeeper(turn).recompute(ask, provenance);
}

void Queue::note_space(const Space& space, Effects& effects) {
  if (!core_.space.look(space)) return;
  const Happening what = core_.space.is_short() ? Happening::space_short : Happening::space_enough;
  effects.events.push_back({what, {}, "", core_.space.words()});
  for (const auto& [id, agent] : core_.fleet.roster().all()) {
    if (!agent.is_gone()) core_.fleet.order(id);
  }
}

std::uint32_t Queue::agents_of(const std::string& public_key) const {
  return static_cast<std::uint32_t>(
      std::count_if(roster().all().begin(), roster().all().end(), [&](const auto& entry) {
        return entry.second.row.public_key == public_key && !entry.second.is_gone();
      }));
}

// ---------------------------------------------------------------- a turn

void Queue::settle(Now now, Effects& effects) {
  Turn turn{core_, now, effects};
  core_.fleet.notice_standing_still(now.instant);
  core_.shares.tell_time(now.instant);
  if (core_.mortality.is_due(now.instant)) core_.mortality.pass(agents_alive(core_.fleet), now.instant);
  AgentLife(turn).expire_silent();
  JobControl(turn).end_finished();
  give_work(turn);
  serve_idle(turn);
  share_slots(turn);
  Forgetting(turn).forget_what_is_old();
  core_.files.settle(now, core_.changes);
  send_orders(turn);
  ClientRequests(turn).answer_waits();
  note_throughput(now);
  note_rows(turn);
  settled_at_ = now.instant;
  core_.fleet.sleep_until(next_deadline());
}

Instant Queue::next_deadline() const {
  const Fleet& fleet = core_.fleet;
  const bool none_leased = fleet.leases().all().empty();
  return std::min({fleet.next_expiry(), core_.waits.next_end(), next_share_, core_.files.next_deadline(),
                   core_.settings.keeping.has_bounds() ? core_.keeping.due() : Instant::never(),
                   fleet.idle().empty() || none_leased ? Instant::never() : fleet.idle_pass().due(),
                   none_leased ? Instant::never() : settled_at_ + limits::head_looks_up});
}

// ---------------------------------------------------------------- the line

// Ranks the job among the others, at once.
void Queue::rank(const Job& job) {
  const JobRow& row = job.row;
  const bool is_hungry = !has_ended(row.state) && row.state != JobState::paused && job.ledger.has_free();
  if (const auto express = is_hungry ? express_rank(job) : std::nullopt) {
    core_.fleet.express().place(job.demand, *express);
  } else {
    core_.fleet.express().remove(row.id);
  }
  if (has_ended(row.state)) return core_.shares.remove(row.id);
  core_.shares.place(row.id, {.priority = row.spec.priority,
                              .demand = job.demand,
                              .leases = job.leases_of_slots(),
                              .leaving = job.leaving,
                              .is_hungry = is_hungry,
                              .submitter = row.submitter});
}

void Queue::rank_jobs() {
  for (const JobId id : core_.jobs.take_unranked()) {
    if (const Job* job = core_.jobs.find(id)) {
      rank(*job);
    } else {
      core_.shares.remove(id);
      core_.fleet.express().remove(id);
    }
  }
}

// ---------------------------------------------------------------- what the scheduler decides

// Asks again if slots were kept for a job that has then begun elsewhere.
void Queue::give_work(Turn& turn) {
  rank_jobs();
  for (bool again = core_.shares.jobs_in_line() > 0; again;) again = give_slots(turn);
  give_express(turn);
}

// True: an agent kept slots for a step that needs several, and such a step was granted somewhere.
bool Queue::give_slots(Turn& turn) {
  bool slots_are_kept = false;
  bool wide_one_begins = false;
  const std::set<AgentId> idle = core_.fleet.idle();
  for (const AgentId id : idle) {
    if (core_.fleet.notice_silence(core_.fleet.at(id), turn.now.instant)) continue;
    for (bool has_more = true; has_more;) {
      const SlotPlan plan = plan_slot(core_, id, turn.now);
      slots_are_kept = slots_are_kept || plan.slots_are_kept;
      carry_out(plan.decisions, turn);
      const auto* grant = plan.decisions.empty() ? nullptr : std::get_if<Grant>(&plan.decisions.back());
      has_more = grant != nullptr;
      wide_one_begins = wide_one_begins || (has_more && core_.jobs.at(grant->job).demand.cpus > 1);
    }
  }
  return slots_are_kept && wide_one_begins;
}

// After the slots, so that an idle slot takes what it can. The first in line are asked again as long as each
// of them found a place.
void Queue::give_express(Turn& turn) {
  for (const Demand& demand : core_.fleet.express().demands()) {
    if (core_.fleet.roster().places_for(demand) == 0) continue;
    for (bool again = true; again;) {
      std::size_t misses = 0;
      const std::vector<JobId> jobs = core_.fleet.express().first(demand);
      for (const JobId id : jobs) {
        const bool found = carry_out(plan_express(core_, core_.jobs.at(id), turn.now), turn);
        if (!found && ++misses == limits::express_misses_max) break;
      }
      again = misses == 0 && !jobs.empty();
    }
  }
}

// Idle slots for which nothing is free take over from running leases.
void Queue::serve_idle(Turn& turn) {
  Fleet& fleet = core_.fleet;
  if (fleet.idle().empty() || fleet.leases().all().empty() || turn.now.instant < fleet.idle_pass().due())
    return;
  const std::set<AgentId> idle = fleet.idle();
  for (const AgentId id : idle) fleet.notice_silence(fleet.at(id), turn.now.instant);
  notice_silent_holders(fleet, turn.now.instant);
  const bool freed = carry_out(plan_take_back(core_), turn);
  if (freed) {
    JobControl(turn).end_finished();  // the last part of a job may have been given up
    give_work(turn);
  }
  const bool asked = carry_out(plan_splits(core_, turn.now), turn);
  const bool copied = carry_out(plan_copies(core_), turn);  // also of leases that do not answer a request
  fleet.idle_pass().made(turn.now.instant, fleet.leases().all().size(), freed || asked || copied);
}

// Jobs that wait while others compute. Whether a job has more than its share is known without looking at the
// leases.
void Queue::share_slots(Turn& turn) {
  const Instant now = turn.now.instant;
  Shares& shares = core_.shares;
  const std::size_t leases = core_.fleet.leases().all().size();
  next_share_ = Instant::never();
  if (!shares.are_contended()) return;
  if (shares.take_news()) share_pass_.hear_news();
  if (now >= count_pass_.due()) {
    shares.count_served();
    count_pass_.made(now, 2 * leases, false);  // two sorted sets are rebuilt
  }
  next_share_ = count_pass_.due();
  if (!shares.next_taker()) return;
  if (now >= share_pass_.due()) {
    notice_silent_holders(core_.fleet, now);
    carry_out(plan_takeovers(core_, shares, turn.now), turn);
    rank_jobs();
    share_pass_.made(now, leases, false);
  }
  next_share_ = std::min(next_share_, share_pass_.due());
}

namespace {

class Executor {
 public:
  explicit Executor(Turn& turn) : core_(turn.core), leasing_(turn) {}

  void operator()(const Grant& grant) {
    leasing_.begin(grant.job, grant.agent, grant.range, grant.express_s);
  }
  void operator()(const Gather& gather) { core_.jobs.at(gather.job).gathers_on = gather.agent; }
  void operator()(const AskEnd& ask) { leasing_.ask_to_end(ask.lease, ask.end); }
  void operator()(const AskLeave& ask) { leasing_.ask_to_leave(ask.lease); }
  void operator()(const TakeBack& take_back) {
    leasing_.count_loss(core_.fleet.at(core_.fleet.lease(take_back.lease).agent));
    leasing_.lose(take_back.lease, "its holder is silent while slots are idle");
  }
  void operator()(const MakeCopy& copy) {
    const Lease& lease = core_.fleet.lease(copy.original);
    const Ledger& ledger = core_.jobs.at(lease.job).ledger;
    const Range rest{ledger.leased_at(lease.begin)->upto, ledger.end_of(lease.begin)};
    core_.fleet.add(core_.fleet.next_id(), Copy{copy.original, lease.job, rest, copy.agent, lease.cpus,
                                                core_.fleet.at(copy.agent).orders_number + 1});
  }

 private:
  Core& core_;
  Leasing leasing_;
};

}  // namespace

bool Queue::carry_out(const Decisions& decisions, Turn& turn) {
  Executor executor(turn);
  for (const Decision& decision : decisions) {
    std::visit(executor, decision);
    if (const auto* grant = std::get_if<Grant>(&decision)) rank(core_.jobs.at(grant->job));
  }
  return !decisions.empty();
}

// ---------------------------------------------------------------- what follows from a turn

void Queue::send_orders(Turn& turn) {
  for (const AgentId id : core_.fleet.take_orders_due()) {
    Agent& agent = core_.fleet.at(id);
    const auto peer = agent.peer();
    if (!peer) continue;
    agent.orders_number += 1;
    turn.effects.outgoing.push_back({*peer, orders_for(agent, core_)});
  }
}

void Queue::note_throughput(Now now) {
  std::optional<SlotCounts> counted;  // a pass over all agents, for a sample that is due
  const auto slots = [&]() -> const SlotCounts& {
    if (!counted) counted = slot_counts(core_.fleet);
    return *counted;
  };
  const auto sample = [&](JobId id) {
    Job* job = core_.jobs.find(id);
    if (job == nullptr || !job->row.started_unix_ms || !job->throughput.is_due(now.instant)) return;
    const auto busy = static_cast<std::uint32_t>(job->leases_of_slots()) * job->row.spec.cpus;
    job->throughput.note(now, job->ledger.done() + job->row.discarded, {busy, slots().all});
  };
  for (const JobId id : core_.jobs.changed()) sample(id);
  for (const JobId id : core_.jobs.take_advanced()) sample(id);
  if (core_.story.throughput.is_due(now.instant))
    core_.story.throughput.note(now, core_.story.integers_done, slots());
}

void Queue::note_rows(Turn& turn) {
  core_.story.tell_splits(turn.effects);
  core_.story.events.note(turn.effects.events, turn.now.unix_ms, core_.changes);
  core_.jobs.note_rows(core_.changes);
  turn.effects.changes = std::exchange(core_.changes, {});
}

}  // namespace pq::core
