#include "agent/session.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <variant>

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr Duration hello_interval = 1s;
constexpr Duration hurried_patience = 2s;  // the same when it was asked to hurry
constexpr Duration drain_patience = 10s;   // for the head's last word, once every step is done
constexpr std::size_t jobs_kept = 16;

std::string cut(std::string text) {
  if (text.size() > limits::error_bytes_max) text.resize(limits::error_bytes_max);
  return text;
}

}  // namespace

Session::Session(SessionSettings settings, Instant now)
    : settings_(std::move(settings)),
      slot_is_busy_(settings_.introduction.slots, false),
      heard_at_(now),
      held_at_(now),
      settled_at_(now),
      next_word_(now) {}

// ---------------------------------------------------------------- from the head

void Session::hear(const HeadToAgent& message, Instant now) {
  heard_at_ = now;
  std::visit([&](const auto& m) { hear_one(m, now); }, message);
}

void Session::hear_one(const Welcome& welcome, Instant now) {
  if (welcome.incarnation != settings_.introduction.incarnation || introduced_) return;
  introduced_ = true;
  next_word_ = now;
}

void Session::hear_one(const Refusal& refusal, Instant now) {
  switch (refusal.word) {
    case ErrorWord::introduce_yourself:
      introduced_ = false;
      next_word_ = now;
      break;
    case ErrorWord::replaced:
      end(Ending::replaced, sentence(refusal));
      break;
    default:
      end(Ending::refused, sentence(refusal));
      break;
  }
}

void Session::hear_one(const Orders& orders, Instant now) {
  // Of two Orders of one head the later one tells all; a repeated or overtaken one tells nothing.
  if (orders.epoch == epoch_ && orders.number <= orders_seen_) return;
  epoch_ = orders.epoch;
  orders_seen_ = orders.number;
  beat_interval_ = std::max<Duration>(std::chrono::milliseconds(orders.beat_ms), 10ms);
  // Also when this is less than before: a short lease term can be over before the beat that was planned.
  next_word_ = std::min(next_word_, now + beat_interval_);
  for (const JobOrder& job : orders.jobs) meet(job);
  if (!held_.empty()) held_at_ = now;
  std::set<LeaseId> listed;
  for (const LeaseOrder& order : orders.leases) listed.insert(order.lease);
  std::erase_if(held_, [&](const auto& held) { return !listed.contains(held.first); });
  for (const LeaseOrder& order : orders.leases) obey(order, now);
  forget_jobs();
  if (orders.drain && !draining_) drain(now);
}

void Session::obey(const LeaseOrder& order, Instant now) {
  const bool is_held = held_.contains(order.lease) || take_new(order);
  if (is_held && order.end_asked) lower_end(held_.at(order.lease), *order.end_asked);
  // The head waits for an answer: the end, or, by not listing it, that the lease is declined.
  if (!is_held || order.end_asked) next_word_ = now;
}

// False: declined.
bool Session::take_new(const LeaseOrder& order) {
  if (draining_ || !jobs_.contains(order.job) || held_.size() >= limits::leases_per_agent_max) return false;
  Held& lease = held_[order.lease];
  lease.job = order.job;
  lease.begin = lease.upto = order.range.begin;
  lease.end = order.range.end;
  return true;
}

void Session::meet(const JobOrder& order) {
  const auto [met, is_new] = jobs_.try_emplace(order.job, Met{order, Pace(order.kernel)});
  // Another job by this number: the head's database was restored or replaced.
  if (!is_new && met->second.order != order) met->second = {order, Pace(order.kernel)};
}

// Of jobs that it holds nothing of, what was measured is kept for their next leases; the oldest go first.
void Session::forget_jobs() {
  std::set<JobId> in_use;
  for (const auto& [id, lease] : held_) in_use.insert(lease.job);
  for (auto job = jobs_.begin(); job != jobs_.end() && jobs_.size() > jobs_kept;)
    job = in_use.contains(job->first) ? std::next(job) : jobs_.erase(job);
}

void Session::lower_end(Held& lease, std::uint64_t end) {
  const std::uint64_t begun = lease.step_end.value_or(lease.upto);
  lease.end = std::min(lease.end, std::max(end, begun));
}

// ---------------------------------------------------------------- from the slots

void Session::finish(const StepResult& result, Instant now) {
  slot_is_busy_.at(result.step.slot) = false;
  const auto held = held_.find(result.step.lease);
  if (held == held_.end()) return;  // lost meanwhile: somebody else computes it
  Held& lease = held->second;
  // Given back while it ran, or dropped and taken anew meanwhile: this is not the step that it waits for.
  if (result.step.range != Range{lease.upto, lease.step_end.value_or(lease.upto)}) return;
  lease.step_end.reset();
  fold_in(lease, result);
  if (lease.failed || lease.upto == lease.end) next_word_ = now;
}

void Session::fold_in(Held& lease, const StepResult& result) {
  const Range& range = result.step.range;
  const auto fail = [&](const std::string& error) { lease.failed = FailedPart{range.end, cut(error)}; };
  if (!result.outcome) return fail(result.outcome.error());
  Met& job = jobs_.at(lease.job);
  job.pace.learn(range.begin, range.width(), seconds(result.took));
  const Fold how = job.order.fold;
  if (how != Fold::none) {
    const std::optional<Value> both =
        lease.value ? fold(how, *lease.value, *result.outcome) : *result.outcome;
    if (!both) return fail("the sum does not fit into a signed 128-bit integer");
    lease.value = both;
  }
  lease.upto = range.end;
}

std::vector<Step> Session::next_steps() {
  std::vector<Step> steps;
  std::uint32_t slot = 0;
  for (auto& [id, lease] : held_) {
    if (!lease.wants_slot()) continue;
    while (slot < slot_is_busy_.size() && slot_is_busy_[slot]) ++slot;
    if (slot == slot_is_busy_.size()) break;
    const Met& job = jobs_.at(lease.job);
    lease.step_end = lease.upto + job.pace.step_width(lease.upto, lease.end - lease.upto);
    slot_is_busy_[slot] = true;
    steps.push_back({slot, id, job.order.kernel, {lease.upto, *lease.step_end}});
  }
  return steps;
}

// ---------------------------------------------------------------- endings

void Session::drain(Instant now, Ending why) {
  if (!draining_) draining_ = why;
  for (auto& [id, lease] : held_) lower_end(lease, 0);
  next_word_ = now;
}

void Session::drain_at_once(Instant now) {
  drain(now);
  drain_ends_ = now + hurried_patience;
  for (auto& [id, lease] : held_) {
    lease.step_end.reset();
    lower_end(lease, 0);
  }
}

void Session::end(Ending why, std::string detail) {
  if (ending_) return;
  ending_ = why;
  ending_detail_ = std::move(detail);
}

void Session::settle(Instant now) {
  // The loop wakes for every beat. One that did not was stopped: so long it was deaf, not the head silent.
  const Duration slept = now - std::exchange(settled_at_, now);
  if (slept > beat_interval_ + hello_interval) heard_at_ = std::min(heard_at_ + slept, now);
  if (!held_.empty()) held_at_ = now;
  if (now - heard_at_ >= settings_.head_timeout) end(Ending::head_lost, "");
  if (settings_.idle_exit && !draining_ && now - held_at_ >= *settings_.idle_exit) drain(now, Ending::idle);
  if (!draining_) return;
  // A slot may still be busy with what is lost or given back; nobody waits for that.
  const bool is_computing =
      std::any_of(held_.begin(), held_.end(), [](const auto& held) { return held.second.step_end; });
  if (is_computing) return;
  if (!drain_ends_) drain_ends_ = now + drain_patience;
  if (held_.empty() || now >= *drain_ends_) goodbye_is_due_ = true;
}

// ---------------------------------------------------------------- to the head

std::optional<AgentToHead> Session::next_message(Instant now) {
  if (ending_) return std::nullopt;
  if (goodbye_is_due_) {
    end(*draining_,
        held_.empty() ? "" : "the head did not answer; it frees what was held after the lease term");
    if (!introduced_) return std::nullopt;
    return Goodbye{settings_.introduction.name, settings_.introduction.incarnation};
  }
  if (now < next_word_) return std::nullopt;
  if (!introduced_) {
    next_word_ = now + hello_interval;
    return settings_.introduction;
  }
  next_word_ = now + beat_interval_;
  return make_beat();
}

Beat Session::make_beat() {
  Beat beat;
  beat.name = settings_.introduction.name;
  beat.incarnation = settings_.introduction.incarnation;
  beat.seq = ++seq_;
  beat.epoch = epoch_;
  beat.orders_seen = orders_seen_;
  beat.draining = draining_.has_value();
  for (const auto& [id, lease] : held_) {
    LeaseView view{id, lease.begin, lease.upto, lease.end, lease.value, std::nullopt, std::nullopt};
    if (lease.failed) {
      view.failed_upto = lease.failed->upto;
      view.error = lease.failed->error;
    }
    beat.leases.push_back(std::move(view));
  }
  for (const auto& [id, job] : jobs_) {
    if (!job.pace.is_measured()) continue;
    const Cost cost = job.pace.cost();
    beat.paces.push_back({id, cost.fixed_s, cost.per_integer_s});
  }
  return beat;
}

Instant Session::next_deadline() const {
  Instant deadline = std::min(next_word_, heard_at_ + settings_.head_timeout);
  if (settings_.idle_exit && !draining_) deadline = std::min(deadline, held_at_ + *settings_.idle_exit);
  if (drain_ends_) deadline = std::min(deadline, *drain_ends_);
  return deadline;
}

}  // namespace pq
