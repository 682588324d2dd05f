// What agents say: hello, beats with all that they hold, goodbye.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "common/text.h"
#include "daemon/core/queue.h"

namespace pq {
namespace {

constexpr bool is_cost(const PaceView& pace) {
  return pace.fixed_s >= 0 && pace.fixed_s < 1e6 && pace.per_integer_s > 1e-15 && pace.per_integer_s < 1e6;
}

}  // namespace

void Queue::handle(const Sender& from, const AgentToHead& message, Now now, Effects& effects) {
  std::visit([&](const auto& m) { hear(from, m, now, effects); }, message);
}

void Queue::hear(const Sender& from, const Hello& hello, Now now, Effects& effects) {
  Agent* agent = roster_.find(from.public_key, hello.name);
  const bool is_new = agent == nullptr || agent->gone;
  if (agent == nullptr) agent = roster_.add(from.public_key, hello.name);
  if (agent == nullptr) {
    const std::string detail = "the head knows " + std::to_string(limits::agents_max) + " agents already";
    effects.outgoing.push_back({from.peer, Refusal{ErrorWord::too_much, detail}});
    return;
  }
  if (agent->was_replaced(hello.incarnation)) {
    effects.outgoing.push_back({from.peer, Refusal{ErrorWord::replaced, hello.name}});
    return;
  }
  if (agent->row.incarnation != hello.incarnation) {
    if (!is_new) {
      effects.events.push_back(
          {Happening::agent_replaced, {}, hello.name, "by a newer process of this name"});
    }
    begin_anew(*agent, effects);
  }
  if (is_new) {
    effects.events.push_back({Happening::agent_joined, {}, hello.name, count_of(hello.slots, "slot")});
  }
  roster_.discount(*agent);
  agent->row.incarnation = hello.incarnation;
  agent->row.program_version = hello.program_version;
  agent->row.slots = std::min(hello.slots, limits::slots_max);
  agent->row.kernels = hello.kernels;
  agent->row.labels = hello.labels;
  agent->heard_at = now.instant;
  agent->deadline = now.instant + settings_.lease_term;
  next_expiry_ = std::min(next_expiry_, agent->deadline);
  agent->gone = false;
  note_idle(*agent);
  changes_.agents[agent->row.id] = agent->row;
  note_idle(*agent);
  effects.outgoing.push_back({from.peer, Welcome{hello.incarnation}});
}

// A newer process takes this agent's name: it inherits nothing, and nothing more is sent to the older one.
void Queue::begin_anew(Agent& agent, Effects& effects) {
  agent.peer.reset();
  lose_leases(agent, "a newer process took its holder's name", effects);
  if (agent.row.incarnation != Incarnation{}) agent.replaced.push_back(agent.row.incarnation);
  if (agent.replaced.size() > limits::replaced_remembered) agent.replaced.erase(agent.replaced.begin());
  agent.beat_seq = 0;
  if (std::exchange(agent.output_seq, 0) > 0) changes_.outputs_seen[agent.row.id] = 0;
  set_quarantine(agent, std::nullopt);
  for (auto& [id, job] : jobs_) job.records.erase(agent.row.id);
  agent.draining = false;
  agent.notice.reset();
  agent.notice_errors = 0;
  agent.drain_asked = false;
  hear_paces(agent, {});
  note_idle(agent);
}

// The agent that says so, if this process is the one that goes by that name; else it is told what to do.
Agent* Queue::speaking(const Sender& from, const std::string& name, Incarnation incarnation,
                       Effects& effects) {
  Agent* agent = roster_.find(from.public_key, name);
  if (agent != nullptr && agent->row.incarnation == incarnation) return agent;
  const bool replaced = agent != nullptr && agent->was_replaced(incarnation);
  effects.outgoing.push_back(
      {from.peer, Refusal{replaced ? ErrorWord::replaced : ErrorWord::introduce_yourself, name}});
  return nullptr;
}

void Queue::hear(const Sender& from, const Beat& beat, Now now, Effects& effects) {
  Agent* agent = speaking(from, beat.name, beat.incarnation, effects);
  if (agent == nullptr || beat.seq <= agent->beat_seq) return;
  agent->beat_seq = beat.seq;
  agent->peer = from.peer;
  agent->heard_at = now.instant;
  agent->deadline = now.instant + settings_.lease_term;
  next_expiry_ = std::min(next_expiry_, agent->deadline);
  if (agent->gone) changes_.agents[agent->row.id] = agent->row;
  agent->gone = agent->quiet = false;
  agent->orders_seen = beat.epoch == epoch_ ? beat.orders_seen : 0;
  // An agent that was forgotten and came back takes only Orders that are newer than those of before.
  agent->orders_number = std::max(agent->orders_number, agent->orders_seen);
  hear_plans(*agent, beat, effects);
  hear_paces(*agent, beat.paces);
  for (const LeaseView& view : beat.leases) hear_lease(*agent, view, now, effects);
  drop_unlisted(*agent, beat);
  orders_due_.insert(agent->row.id);
  note_idle(*agent);
}

// Whether the agent goes on taking work, and what its cloud has to do with that.
void Queue::hear_plans(Agent& agent, const Beat& beat, Effects& effects) {
  if (beat.notice && beat.notice != agent.notice)
    effects.events.push_back({Happening::agent_warned, {}, beat.name, to_text(*beat.notice)});
  if (beat.draining && !agent.draining)
    effects.events.push_back({Happening::agent_drains, {}, beat.name, ""});
  if (!beat.draining && agent.draining)
    effects.events.push_back({Happening::agent_resumes, {}, beat.name, "its cloud's notice is over"});
  agent.draining = beat.draining;
  agent.notice = beat.notice;
  agent.notice_errors = beat.notice_errors;
}

// A beat tells all that its agent has measured. A first word on a job may show a lease that is worth a split.
void Queue::hear_paces(Agent& agent, const std::vector<PaceView>& views) {
  std::map<JobId, Cost> before;
  std::swap(before, agent.paces);
  for (const PaceView& pace : views) {
    if (is_cost(pace)) agent.paces[pace.job] = {pace.fixed_s, pace.per_integer_s};
  }
  for (const auto& [id, cost] : before) {
    const auto job = jobs_.find(id);
    if (job != jobs_.end() && !agent.paces.contains(id)) job->second.measured_by.erase(agent.row.id);
  }
  for (const auto& [id, cost] : agent.paces) {
    const auto job = jobs_.find(id);
    if (job == jobs_.end()) continue;
    job->second.usual_before = cost;
    if (job->second.measured_by.insert(agent.row.id).second) idle_pass_.hear_news();
  }
}

void Queue::hear_lease(Agent& agent, const LeaseView& view, Now now, Effects& effects) {
  Lease* lease = leases_.find(view.lease);
  if (lease == nullptr || lease->agent != agent.row.id) return count_recomputed(agent, view);
  if (lease->begin != view.begin) return misused(agent, view, "another begin", effects);
  if (lease->end_asked && lease->asked_in <= agent.orders_seen) lease->end_asked.reset();
  Job& job = jobs_.at(lease->job);
  const Leased before = *job.ledger.leased_at(lease->begin);
  if (!is_collected(*lease, view.upto)) {
    effects.events.push_back({Happening::output_lost, lease->job, agent.row.name, to_text(view.lease)});
    return release(view.lease);
  }
  const std::uint64_t done_before = job.ledger.done();
  const Verdict verdict =
      job.ledger.commit({view.lease, agent.row.id, view.begin, view.upto, view.value}, changes_);
  if (const std::uint64_t more = job.ledger.done() - done_before; more > 0) {
    integers_done_ += more;
    advanced_jobs_.insert(lease->job);
  }
  switch (verdict) {
    case Verdict::refused:
      return misused(agent, view, "a commit outside of it, or without a value", effects);
    case Verdict::contradicts:
      hear_contradiction(agent, view, effects);
      break;
    case Verdict::finished:
      forget_output(view.lease, view.upto);
      note_success(agent, job, before, now, effects);
      return drop_lease(view.lease);
    case Verdict::advanced:
      job.records.erase(agent.row.id);
      lease->collected.ends.erase(lease->collected.ends.begin(),
                                  lease->collected.ends.upper_bound(view.upto));
      lease->progress_at = now.instant;
      break;
    case Verdict::duplicate:
      break;
  }
  if (view.failed_upto) return hear_failure(agent, view, now, effects);
  hear_end(agent, view, effects);
}

// The first value stays; the job says that it cannot be trusted.
void Queue::hear_contradiction(const Agent& agent, const LeaseView& view, Effects& effects) {
  Job& job = touch(leases_.find(view.lease)->job);
  if (job.row.error) return;
  job.row.error = "the kernel is not deterministic: two values for [" + std::to_string(view.begin) + ", " +
                  std::to_string(view.upto) + ")";
  effects.events.push_back({Happening::kernel_contradicts, job.row.id, agent.row.name, *job.row.error});
}

void Queue::hear_failure(Agent& agent, const LeaseView& view, Now now, Effects& effects) {
  const Lease& lease = *leases_.find(view.lease);
  Job& job = touch(lease.job);
  const Leased leased = *job.ledger.leased_at(lease.begin);
  const std::uint64_t from = leased.upto;
  if (*view.failed_upto <= from || *view.failed_upto > job.ledger.end_of(lease.begin)) {
    return misused(agent, view, "a failure outside of it", effects);
  }
  const std::string words = view.error.value_or("no error text");
  effects.events.push_back({Happening::program_failed, lease.job, agent.row.name,
                            fmt::format("{}:{}: {}", from, *view.failed_upto, words)});
  job.row.attempts_failed += 1;
  job.last_words = words;
  forget_output(view.lease, from);
  note_failure(agent, job, leased, now, effects);
  job.ledger.fail(lease.begin, {agent.row.id, *view.failed_upto, words, job.row.spec.attempts_max}, changes_);
  drop_lease(view.lease);
}

// A holder may always give back what it has not begun: because it was asked, or because it drains.
void Queue::hear_end(Agent& agent, const LeaseView& view, Effects& effects) {
  Lease& lease = *leases_.find(view.lease);
  Job& job = jobs_.at(lease.job);
  if (view.end >= job.ledger.end_of(lease.begin)) return;
  if (!job.ledger.shrink(lease.begin, view.end, changes_)) {
    return misused(agent, view, "an end before its commit", effects);
  }
  forget_output(view.lease, view.end);
  unranked_.insert(lease.job);
  if (!agent.draining) {
    Split& split = splits_[lease.job];
    split.leases += 1;
    split.agent = agent.row.name;
    split.detail = to_text(view.lease) + " ends at " + std::to_string(view.end) + ", for another slot";
  }
  if (!std::exchange(lease.has_yielded, true)) {
    touch(lease.job).row.leases.yielded += 1;
    lease_counts_.yielded += 1;
  }
  if (job.ledger.leased_at(lease.begin) == nullptr) drop_lease(view.lease);
}

// No honest agent says this. The lease is over for it, and what it had committed before stays.
void Queue::misused(const Agent& agent, const LeaseView& view, const char* how, Effects& effects) {
  const JobId job = leases_.find(view.lease)->job;
  effects.events.push_back({Happening::lease_misused, job, agent.row.name, to_text(view.lease) + ": " + how});
  release(view.lease);
}

// The lease is gone. What its former holder has computed of it since is computed by somebody else as well.
void Queue::count_recomputed(Agent& agent, const LeaseView& view) {
  const auto lost = agent.lost.find(view.lease);
  if (lost == agent.lost.end()) return;
  const std::uint64_t upto = std::min(view.upto, lost->second.end);
  if (upto <= lost->second.upto) return;
  if (jobs_.contains(lost->second.job)) touch(lost->second.job).row.recomputed += upto - lost->second.upto;
  lost->second.upto = upto;
}

// A lease that was granted in orders that the agent has seen, and that it does not list, it does not have.
void Queue::drop_unlisted(Agent& agent, const Beat& beat) {
  std::set<LeaseId> listed;
  for (const LeaseView& view : beat.leases) listed.insert(view.lease);
  const std::set<LeaseId> held = agent.leases;
  for (const LeaseId id : held) {
    if (!listed.contains(id) && leases_.find(id)->granted_in <= agent.orders_seen) release(id);
  }
  std::erase_if(agent.lost, [&](const auto& lost) { return !listed.contains(lost.first); });
}

void Queue::hear(const Sender& from, const Goodbye& goodbye, Now now, Effects& effects) {
  Agent* agent = roster_.find(from.public_key, goodbye.name);
  if (agent == nullptr || agent->row.incarnation != goodbye.incarnation || agent->gone) return;
  agent->heard_at = now.instant;  // it is listed as gone from now on, however long it was silent before
  const std::set<LeaseId> held = agent->leases;
  for (const LeaseId id : held) release(id);
  leave(*agent);
  effects.events.push_back({Happening::agent_left, {}, goodbye.name, ""});
}

void Queue::revoke(const std::string& public_key, Effects& effects) {
  for (auto& [id, agent] : roster_.all()) {
    if (agent.row.public_key != public_key || agent.gone) continue;
    if (agent.peer)
      effects.outgoing.push_back({*agent.peer, Refusal{ErrorWord::key_revoked, agent.row.name}});
    effects.events.push_back({Happening::agent_lost, {}, agent.row.name, "its key is not valid any more"});
    lose_leases(agent, "its holder's key is not valid any more", effects);
    leave(agent);
  }
}

std::uint32_t Queue::agents_of(const std::string& public_key) const {
  std::uint32_t count = 0;
  for (const auto& [id, agent] : roster_.all())
    count += agent.row.public_key == public_key && !agent.gone ? 1 : 0;
  return count;
}

// Beats are stretched as the fleet grows, so that the head's load stays bounded; never so far that losing a
// few of them would lose a lease.
std::uint32_t Queue::beat_ms() const {
  const double stretched_s = static_cast<double>(roster_.all().size()) / limits::beats_per_second_max;
  const Duration longest = settings_.lease_term / limits::beats_per_term_min;
  const Duration interval =
      std::clamp(from_seconds(stretched_s), std::min(settings_.beat_interval, longest), longest);
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(interval).count());
}

}  // namespace pq
