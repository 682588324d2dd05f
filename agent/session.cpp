#include "agent/session.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <variant>

#include "common/check.h"
#include "common/job.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

constexpr Duration hello_interval = 1s;
constexpr Duration hurried_patience = 2s;  // the same when it was asked to hurry
constexpr Duration end_reserve = 10s;      // kept of the time before a machine's end, for the last words
constexpr Duration drain_patience = 10s;   // for the head's last word, once every step is done
constexpr std::size_t jobs_kept = 64;

std::string cut(std::string text) {
  if (text.size() > limits::error_bytes_max) text.resize(limits::error_bytes_max);
  return text;
}

std::uint64_t run_width(const JobOrder& order) { return order.program ? order.program->run_width : 0; }

std::size_t bytes_of(const std::vector<CollectedRun>& runs) {
  std::size_t bytes = 0;
  for (const CollectedRun& run : runs) bytes += run.text.size() + sizeof run;
  return bytes;
}

}  // namespace

Session::Met::Met(const JobOrder& told)
    : order(std::make_shared<const JobOrder>(told)),
      pace(told.kernel),
      is_ready(!told.program || files_needed(*told.program).empty()) {}

Session::Session(SessionSettings settings, Instant now)
    : settings_(std::move(settings)),
      slot_is_busy_(settings_.introduction.slots, false),
      heard_at_(now),
      held_at_(now),
      settled_at_(now),
      next_word_(now) {}

std::size_t Session::slots_busy() const {
  return static_cast<std::size_t>(std::count(slot_is_busy_.begin(), slot_is_busy_.end(), true));
}

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
  std::erase_if(held_, [&](const auto& held) {
    if (listed.contains(held.first)) return false;
    abandon_step(held.first, held.second);
    return true;
  });
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
  const auto met = jobs_.find(order.job);
  if (holds_off() || met == jobs_.end() || held_.size() >= limits::leases_per_agent_max) return false;
  if (met->second.order->cpus > slot_is_busy_.size()) return false;
  Held& lease = held_[order.lease];
  lease.job = order.job;
  lease.attempt = order.attempts_failed + 1;
  lease.begin = lease.upto = order.range.begin;
  lease.end = order.range.end;
  return true;
}

void Session::meet(const JobOrder& order) {
  const auto [met, is_new] = jobs_.try_emplace(order.job, order);
  // Another job by this number: the head's database was restored or replaced.
  if (!is_new && *met->second.order != order) met->second = Met(order);
}

// Of jobs that it holds nothing of, what was measured is kept for their next leases; the oldest go first.
void Session::forget_jobs() {
  std::set<JobId> in_use;
  for (const auto& [id, lease] : held_) in_use.insert(lease.job);
  for (auto job = jobs_.begin(); job != jobs_.end() && jobs_.size() > jobs_kept;)
    job = in_use.contains(job->first) ? std::next(job) : jobs_.erase(job);
}

// What is given back begins where a run does, so that nobody's runs are cut.
void Session::lower_end(Held& lease, std::uint64_t end) {
  const std::uint64_t begun = lease.step_end.value_or(lease.upto);
  const JobOrder& order = *jobs_.at(lease.job).order;
  if (end > begun) end = run_boundary({order.begin, lease.end}, run_width(order), end);
  lease.end = std::min(lease.end, std::max(end, begun));
}

// ---------------------------------------------------------------- from the slots

void Session::finish(const StepResult& result, Instant now) {
  free_slots(result.step.slot);
  const auto held = held_.find(result.step.lease);
  if (held == held_.end()) return;  // lost meanwhile: somebody else computes it
  Held& lease = held->second;
  // Given back while it ran, or dropped and taken anew meanwhile: this is not the step that it waits for.
  if (result.step.range != Range{lease.upto, lease.step_end.value_or(lease.upto)}) return;
  lease.step_end.reset();
  fold_in(lease, result);
  if (draining_) lower_end(lease, 0);  // a step that ends early: what is left of it is not begun
  if (lease.is_over()) next_word_ = now;
}

void Session::free_slots(std::uint32_t first) {
  const auto running = running_.find(first);
  check(running != running_.end(), "a result is of a step that runs");
  for (const std::uint32_t slot : running->second.slots) slot_is_busy_.at(slot) = false;
  running_.erase(running);
  std::erase(abandoned_, first);
}

void Session::fold_in(Held& lease, const StepResult& result) {
  const std::uint64_t width = result.upto - lease.upto;
  if (width > 0) {
    if (result.is_typical && !result.failed)
      jobs_.at(lease.job).pace.learn(lease.upto, width, seconds(result.took));
    const Untold before{lease.upto, lease.value, result.upto, bytes_of(result.collected)};
    if (!keep_value(lease, result)) return;
    if (!result.collected.empty()) lease.untold.push_back(before);
    lease.upto = result.upto;
  }
  if (result.failed) lease.failed = FailedPart{result.failed->upto, cut(result.failed->error)};
}

// False: it does not fit into one value with what the lease has. That is no failure of the program: the rest
// is given back and begins anew, in a lease with a value of its own; the head tells in the end whether the
// whole fits.
bool Session::keep_value(Held& lease, const StepResult& result) {
  const Fold how = jobs_.at(lease.job).order->fold;
  if (how == Fold::none) return true;
  check(result.value.has_value(), "what is computed has a value");
  const auto both = lease.value ? fold(how, *lease.value, *result.value) : result.value;
  if (both) {
    lease.value = both;
  } else {
    lease.end = lease.upto;
  }
  return both.has_value();
}

void Session::output_is_stored(LeaseId id, std::uint64_t upto) {
  const auto held = held_.find(id);
  if (held == held_.end()) return;
  Held& lease = held->second;
  while (!lease.untold.empty() && lease.untold.front().upto <= upto) lease.untold.pop_front();
  if (lease.is_over()) next_word_ = {};
}

// ---------------------------------------------------------------- to the slots

std::vector<Step> Session::next_steps() {
  std::vector<Step> steps;
  for (auto& [id, lease] : held_) {
    const Met& job = jobs_.at(lease.job);
    if (!lease.wants_slot() || !job.is_ready || !may_print_more(job)) continue;
    // Later leases do not take what an earlier one waits for: else one that needs several slots would wait
    // for ever.
    auto slots = take_slots(job.order->cpus);
    if (!slots) break;
    const Range range{lease.upto, next_step_end(job, lease)};
    lease.step_end = range.end;
    const std::uint32_t first = slots->front();
    steps.push_back({first, id, job.order->kernel, range, lease.job, lease.attempt, job.order});
    running_[first] = {id, range, *std::move(slots)};
  }
  return steps;
}

// About as much as the pace says; of runs with a width of their own as many as that is, but one at least.
std::uint64_t Session::next_step_end(const Met& job, const Held& lease) const {
  const std::uint64_t end = lease.upto + job.pace.step_width(lease.upto, lease.end - lease.upto);
  const auto first = run_at(*job.order, lease.upto, lease.end);
  if (!first) return end;
  if (end <= first->end || end == lease.end) return std::max(end, first->end);
  return end - (end - first->end) % run_width(*job.order);
}

std::optional<std::vector<std::uint32_t>> Session::take_slots(std::uint32_t count) {
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < slot_is_busy_.size() && slots.size() < std::max(count, 1U); ++slot) {
    if (!slot_is_busy_[slot]) slots.push_back(slot);
  }
  if (slots.size() < std::max(count, 1U)) return std::nullopt;
  for (const std::uint32_t slot : slots) slot_is_busy_[slot] = true;
  return slots;
}

// With the head away, what programs print would fill the memory.
bool Session::may_print_more(const Met& job) const {
  if (!job.order->program || !job.order->program->collects) return true;
  std::size_t bytes = 0;
  for (const auto& [id, lease] : held_) {
    for (const Untold& untold : lease.untold) bytes += untold.bytes;
  }
  return bytes < limits::output_untold_bytes_max;
}

// The step of a lease that is lost or given back.
void Session::abandon_step(LeaseId id, const Held& lease) {
  if (!lease.step_end) return;
  for (const auto& [slot, running] : running_) {
    if (running.lease == id && running.range == Range{lease.upto, *lease.step_end})
      abandoned_.push_back(slot);
  }
}

std::vector<std::uint32_t> Session::next_abandoned() { return std::exchange(abandoned_, {}); }

// ---------------------------------------------------------------- files

std::vector<std::shared_ptr<const JobOrder>> Session::unready_jobs() const {
  std::set<JobId> waiting;
  for (const auto& [id, lease] : held_) {
    if (lease.wants_slot() && !jobs_.at(lease.job).is_ready) waiting.insert(lease.job);
  }
  std::vector<std::shared_ptr<const JobOrder>> orders;
  orders.reserve(waiting.size());
  for (const JobId job : waiting) orders.push_back(jobs_.at(job).order);
  return orders;
}

void Session::set_ready(JobId job) {
  const auto met = jobs_.find(job);
  if (met != jobs_.end()) met->second.is_ready = true;
}

void Session::set_unready(JobId job, const std::string& error) {
  const auto met = jobs_.find(job);
  if (met == jobs_.end()) return;
  met->second.is_ready = false;
  for (auto& [id, lease] : held_) {
    if (lease.job != job || !lease.wants_slot()) continue;
    const auto run = run_at(*met->second.order, lease.upto, lease.end);
    lease.failed = FailedPart{run ? run->end : next_step_end(met->second, lease), cut(error)};
    next_word_ = {};
  }
}

std::vector<std::shared_ptr<const JobOrder>> Session::jobs() const {
  std::vector<std::shared_ptr<const JobOrder>> orders;
  for (const auto& [id, job] : jobs_) orders.push_back(job.order);
  return orders;
}

// ---------------------------------------------------------------- endings

void Session::drain(Instant now, Ending why, Instant steps_until) {
  if (!draining_ || draining_ == Ending::interrupted) draining_ = why;  // that one alone can be undone
  steps_until_ = std::min(steps_until_, steps_until);
  for (auto& [id, lease] : held_) lower_end(lease, 0);
  next_word_ = now;
}

void Session::drain_at_once(Instant now) {
  drain(now, draining_.value_or(Ending::drained));
  drain_ends_ = now + hurried_patience;
  for (auto& [id, lease] : held_) {
    abandon_step(id, lease);
    lease.step_end.reset();
    lower_end(lease, 0);
  }
}

void Session::heed(const std::optional<Notice>& notice, std::optional<Instant> ends, Instant now) {
  if (notice == notice_ || ending_) return;
  notice_ = notice;
  next_word_ = now;
  const bool must_end = notice && notice->kind == NoticeKind::interruption;
  if (must_end) {
    const Duration left = std::max<Duration>(ends.value_or(now) - now, 0s);
    return drain(now, Ending::interrupted, now + left - std::min<Duration>(end_reserve, left / 4));
  }
  if (draining_ != Ending::interrupted || goodbye_is_due_) return;
  draining_.reset();
  drain_ends_.reset();
  steps_until_ = Instant::never();
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
  if (is_computing && now >= steps_until_) return drain_at_once(now);
  if (is_computing) return;
  if (!drain_ends_) drain_ends_ = now + drain_patience;
  if ((held_.empty() && !owes_output_) || now >= *drain_ends_) goodbye_is_due_ = true;
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
  beat.draining = holds_off();
  beat.notice = notice_;
  beat.notice_errors = notice_errors_;
  for (const auto& [id, lease] : held_) {
    LeaseView view{id,           lease.begin, lease.told_upto(), lease.end, lease.told_value(),
                   std::nullopt, std::nullopt};
    if (lease.failed && lease.untold.empty()) {
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
  if (draining_ && !drain_ends_) deadline = std::min(deadline, steps_until_);
  return deadline;
}

}  // namespace pq
