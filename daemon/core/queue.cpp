#include "daemon/core/queue.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "common/check.h"

namespace pq {
namespace {

std::map<JobId, std::map<std::uint64_t, Span>> by_job(SpanRows&& rows) {
  std::map<JobId, std::map<std::uint64_t, Span>> spans;
  for (auto& [key, span] : rows) {
    auto& job = spans[key.job];
    job.emplace_hint(job.end(), key.begin, std::move(span));
  }
  return spans;
}

}  // namespace

Queue::Queue(QueueSettings settings, Epoch epoch, Stored stored, Now now)
    : settings_(settings), epoch_(epoch), leases_(epoch) {
  const Instant deadline = now.instant + std::max(settings.lease_term, limits::restart_term);
  next_expiry_ = deadline;
  for (auto& [id, row] : stored.agents) roster_.restore(std::move(row), now.instant, deadline);
  for (const auto& [id, seq] : stored.outputs_seen) roster_.at(id).output_seq = seq;
  files_.restore(stored.files, now.instant);
  auto spans = by_job(std::move(stored.spans));
  for (auto& [id, row] : stored.jobs) {
    Ledger ledger(id, row.spec.range, row.spec.fold, std::move(spans[id]));
    for (const auto& [begin, span] : ledger.spans()) {
      const auto* leased = std::get_if<Leased>(&span.state);
      if (leased == nullptr) continue;
      Lease lease;
      lease.job = id;
      lease.cpus = row.spec.cpus;
      const auto collected = stored.collected.find(leased->lease);
      lease.collected =
          collected == stored.collected.end() ? Collected{.upto = leased->upto} : collected->second;
      lease.begin = begin;
      lease.agent = leased->agent;
      lease.progress_at = now.instant;
      leases_.add(leased->lease, lease);
      roster_.at(leased->agent).leases.insert(leased->lease);
      roster_.at(leased->agent).slots_busy += lease.cpus;
    }
    by_request_[row.request] = id;
    last_job_ = std::max(last_job_, id);
    Job& job = jobs_.emplace(id, Job{.row = std::move(row), .ledger = std::move(ledger)}).first->second;
    if (const auto logs = stored.logs_upto.find(id); logs != stored.logs_upto.end())
      job.logs_upto = logs->second;
    if (!has_ended(job.row.state)) files_.need(id, job.files());
    if (job.row.state == JobState::failed) files_.need_less(id, job.files());
    if (job.row.state == JobState::paused) pause(job, now);
    unranked_.insert(id);
  }
  events_ = EventHistory(stored.events);
  shares_.tell_time(now.instant);
  rank_jobs();
  settled_at_ = awake_since_ = began_at_ = now.instant;
  awake_until_ = next_deadline();
}

void Queue::settle(Now now, Effects& effects) {
  notice_standing_still(now);
  shares_.tell_time(now.instant);
  expire_silent(now, effects);
  end_finished_jobs(now, effects);
  give_work(now);
  serve_idle(now, effects);
  share_slots(now);
  files_.settle(now, changes_);
  send_orders(effects);
  answer_waits(now, effects);
  note_throughput(now);
  note_rows(now, effects);
  settled_at_ = now.instant;
  awake_until_ = next_deadline();
}

Instant Queue::next_deadline() const {
  const bool none_leased = leases_.all().empty();
  return std::min({next_expiry_, next_wait_end_, next_share_, files_.next_deadline(),
                   idle_.empty() || none_leased ? Instant::never() : idle_pass_.due(),
                   none_leased ? Instant::never() : settled_at_ + limits::head_looks_up});
}

// ---------------------------------------------------------------- silence

// The head sleeps no longer than until its next deadline. If it is late, it was the head that stood still, by
// a slow disk or a paused machine, and what the agents said meanwhile may still wait to be read.
void Queue::notice_standing_still(Now now) {
  const Duration stood_still = now.instant - awake_until_;
  if (stood_still <= limits::head_late_max) return;
  for (auto& [id, agent] : roster_.all()) {
    if (agent.heard_at < now.instant) agent.deadline = agent.deadline + stood_still;  // not just now
  }
  next_expiry_ = next_expiry_ + stood_still + settings_.beat_interval;
  awake_since_ = now.instant;
}

// Deadlines only ever move later, so one pass when the earliest was due is enough: about one a lease term.
void Queue::expire_silent(Now now, Effects& effects) {
  if (now.instant < next_expiry_) return;
  next_expiry_ = now.instant + settings_.lease_term;
  std::vector<AgentId> forgotten;
  for (auto& [id, agent] : roster_.all()) {
    if (agent.gone) {
      if (now.instant - agent.heard_at > limits::gone_agent_kept) forgotten.push_back(id);
    } else if (now.instant >= agent.deadline) {
      effects.events.push_back({Happening::agent_lost, {}, agent.row.name, "not heard for a lease term"});
      lose_leases(agent, "its holder fell silent", effects);
      leave(agent);
    } else {
      next_expiry_ = std::min(next_expiry_, agent.deadline);
      if (agent.quarantined_until && now.instant >= *agent.quarantined_until)
        set_quarantine(agent, std::nullopt);
    }
  }
  for (const AgentId id : forgotten) roster_.remove(id);
}

// What it committed is done; what its holder computes beyond that is computed twice.
void Queue::lose_lease(LeaseId id, const std::string& why, Effects& effects) {
  const Lease& lease = *leases_.find(id);
  Agent& agent = roster_.at(lease.agent);
  Job& job = touch(lease.job);
  job.row.leases.expired += 1;
  lease_counts_.expired += 1;
  agent.lost[id] = {lease.job, job.ledger.leased_at(lease.begin)->upto, job.ledger.end_of(lease.begin)};
  effects.events.push_back({Happening::lease_expired, lease.job, agent.row.name, to_text(id) + ": " + why});
  release(id);
}

void Queue::lose_leases(Agent& agent, const std::string& why, Effects& effects) {
  while (!agent.leases.empty()) lose_lease(*agent.leases.begin(), why, effects);
}

// ---------------------------------------------------------------- the ends of leases and jobs

Job& Queue::touch(JobId id) {
  touched_jobs_.insert(id);
  unranked_.insert(id);
  return jobs_.at(id);
}

// It holds nothing: a restarted head need not know of it. It is still listed for a while.
void Queue::leave(Agent& agent) {
  agent.gone = true;
  agent.peer.reset();  // a Hello of it that comes late brings nobody back: only a Beat tells that it lives
  hear_paces(agent, {});
  changes_.agents[agent.row.id] = std::nullopt;
  changes_.outputs_seen.erase(agent.row.id);
  agent.output_seq = 0;
  note_idle(agent);
}

void Queue::note_idle(Agent& agent) {
  roster_.recount(agent);
  if (agent.has_idle_slot()) {
    if (idle_.insert(agent.row.id).second) idle_pass_.hear_news();
  } else {
    idle_.erase(agent.row.id);
  }
}

// What was committed is done, the rest is free.
void Queue::release(LeaseId id) {
  const Lease& lease = *leases_.find(id);
  forget_output(id, jobs_.at(lease.job).ledger.leased_at(lease.begin)->upto);
  touch(lease.job).ledger.release(lease.begin, changes_);
  drop_lease(id);
}

// The ledger has ended this lease: nobody holds it any more.
void Queue::drop_lease(LeaseId id) {
  const Lease& lease = *leases_.find(id);
  Agent& agent = roster_.at(lease.agent);
  if (lease.leaving) touch(lease.job).leaving -= 1;
  touch(lease.job);
  agent.leases.erase(id);
  agent.slots_busy -= lease.cpus;
  orders_due_.insert(lease.agent);
  leases_.remove(id);
  note_idle(agent);
  idle_pass_.hear_news();
}

void Queue::end_job(Job& job, JobState state, std::optional<std::string> error, Now now, Effects& effects) {
  std::vector<LeaseId> held;
  for (const auto& [begin, span] : job.ledger.spans()) {
    if (const auto* leased = std::get_if<Leased>(&span.state)) held.push_back(leased->lease);
  }
  for (const LeaseId id : held) release(id);
  touch(job.row.id);
  job.row.state = state;
  job.row.finished_unix_ms = now.unix_ms;
  if (error) job.row.error = std::move(error);
  if (state == JobState::failed) {
    files_.need_less(job.row.id, job.files());
  } else {
    files_.release(job.row.id, job.files(), now);
  }
  effects.events.push_back({Happening::job_ended, job.row.id, "", std::string(to_text(state))});
  sampled_.push_back(job.row.id);
  if (sampled_.size() > limits::jobs_reported_max) {
    if (const auto old = jobs_.find(sampled_.front()); old != jobs_.end()) old->second.throughput.clear();
    sampled_.pop_front();
  }
}

void Queue::end_finished_jobs(Now now, Effects& effects) {
  const std::vector<JobId> touched(touched_jobs_.begin(), touched_jobs_.end());
  for (const JobId id : touched) {
    Job& job = jobs_.at(id);
    if (has_ended(job.row.state)) continue;
    if (job.row.attempts_failed - job.row.failures_forgiven > job.row.spec.failures_max) {
      const std::string limit = std::to_string(job.row.spec.failures_max);
      end_job(job, JobState::failed,
              "more than " + limit + " attempts failed, the last with: " + job.last_words, now, effects);
    } else if (job.row.collected_bytes > limits::output_job_bytes_max) {
      end_job(job, JobState::failed,
              "it has printed more than the " + std::to_string(limits::output_job_bytes_max) +
                  " bytes that are collected of a job: let it print less, or write to files",
              now, effects);
    } else if (!job.ledger.is_finished()) {
      continue;
    } else if (job.ledger.failed() > 0) {
      end_job(
          job, JobState::failed,
          std::to_string(job.ledger.failed()) +
              (job.ledger.failed() == 1 ? " integer failed with: " : " integers failed, the first with: ") +
              job.ledger.first_error().value_or(""),
          now, effects);
    } else if (job.row.spec.fold != Fold::none && !job.ledger.value()) {
      end_job(job, JobState::failed, "the total does not fit into a signed 128-bit integer", now, effects);
    } else {
      end_job(job, JobState::done, std::nullopt, now, effects);
    }
  }
}

// ---------------------------------------------------------------- orders and rows

Orders Queue::orders_for(const Agent& agent) const {
  Orders orders;
  orders.epoch = epoch_;
  orders.number = agent.orders_number;
  orders.beat_ms = beat_ms();
  orders.drain = agent.drain_asked;
  std::set<JobId> unmet;
  for (const LeaseId id : agent.leases) {
    const Lease& lease = *leases_.find(id);
    const Job& job = jobs_.at(lease.job);
    orders.leases.push_back({id,
                             lease.job,
                             {lease.begin, job.ledger.end_of(lease.begin)},
                             lease.end_asked,
                             job.ledger.leased_at(lease.begin)->attempts_failed});
    if (lease.granted_in <= agent.orders_seen || !unmet.insert(lease.job).second) continue;
    const JobSpec& spec = job.row.spec;
    orders.jobs.push_back({lease.job, spec.kernel, spec.fold, spec.range.begin, spec.cpus, spec.program});
  }
  return orders;
}

void Queue::send_orders(Effects& effects) {
  for (const AgentId id : orders_due_) {
    Agent& agent = roster_.at(id);
    if (!agent.peer || agent.gone) continue;
    agent.orders_number += 1;
    effects.outgoing.push_back({*agent.peer, orders_for(agent)});
  }
  orders_due_.clear();
}

SlotCounts Queue::slot_counts() const {
  SlotCounts slots;
  for (const auto& [id, agent] : roster_.all()) {
    slots.busy += static_cast<std::uint32_t>(agent.slots_busy);
    if (agent.takes_work()) slots.all += agent.row.slots;
  }
  return slots;
}

void Queue::note_throughput(Now now) {
  std::optional<SlotCounts> counted;  // a pass over all agents, for a sample that is due
  const auto slots = [&]() -> const SlotCounts& {
    if (!counted) counted = slot_counts();
    return *counted;
  };
  const auto sample = [&](JobId id) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    Job& job = found->second;
    if (!job.row.started_unix_ms || !job.throughput.is_due(now.instant)) return;
    const auto busy = static_cast<std::uint32_t>(job.ledger.leases()) * job.row.spec.cpus;
    job.throughput.note(now, job.ledger.done(), {busy, slots().all});
  };
  for (const JobId id : touched_jobs_) sample(id);
  for (const JobId id : std::exchange(advanced_jobs_, {})) sample(id);
  if (throughput_.is_due(now.instant)) throughput_.note(now, integers_done_, slots());
}

// One event a job and turn: at a job's end a large fleet splits many leases at once.
void Queue::note_splits(Effects& effects) {
  for (const auto& [job, split] : splits_) {
    if (split.leases == 1) {
      effects.events.push_back({Happening::lease_split, job, split.agent, split.detail});
    } else {
      effects.events.push_back({Happening::lease_split, job, "",
                                std::to_string(split.leases) + " leases end earlier, for other slots"});
    }
  }
  splits_.clear();
}

void Queue::note_rows(Now now, Effects& effects) {
  note_splits(effects);
  events_.note(effects.events, now.unix_ms, changes_);
  for (const JobId id : touched_jobs_) {
    const auto job = jobs_.find(id);
    if (job != jobs_.end()) changes_.jobs[id] = job->second.row;
  }
  touched_jobs_.clear();
  effects.changes = std::exchange(changes_, {});
}

}  // namespace pq
