#include "agent/workload.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "agent/limits.h"
#include "common/protocol/limits.h"

namespace pq::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration slow_step = 3 * limits::step_usual;  // of several runs, which are made to take less
constexpr Duration signals_pass = 1s;                   // in this time all processes have been signalled

}  // namespace

Workload::Workload(std::uint32_t slots, bool has_express, Instant now)
    : slots_(slots, has_express), settled_at_(now) {}

// ---------------------------------------------------------------- from the head

void Workload::obey(const Orders& orders, bool takes_new) {
  for (const JobOrder& job : orders.jobs) jobs_.meet(job, orders.epoch);
  std::set<LeaseId> listed;
  for (const LeaseOrder& order : orders.leases) listed.insert(order.lease);
  std::erase_if(held_, [&](const auto& held) {
    if (listed.contains(held.first)) return false;
    slots_.give_up(held.first);
    return true;
  });
  // A head that was started again still lists what is held, so it means the same jobs.
  for (const auto& [id, lease] : held_) jobs_.at(lease.job()).epoch = orders.epoch;
  for (const LeaseOrder& order : orders.leases) {
    const bool is_held = held_.contains(order.lease) || (takes_new && take_new(order, orders.epoch));
    if (is_held && order.end_asked) lower_end(order.lease, held_.at(order.lease), *order.end_asked);
    // The head waits for an answer: an end, or no entry for a lease that is declined.
    if (!is_held || order.end_asked) has_news_ = true;
  }
  std::set<JobId> in_use;
  for (const auto& [id, lease] : held_) in_use.insert(lease.job());
  jobs_.forget(in_use);
}

// False: declined. So is a lease of a job that this head has not told of, and tells of with its next lease:
// the late word of the head before may have been of another job with this number.
bool Workload::take_new(const LeaseOrder& order, Epoch epoch) {
  const KnownJob* const job = jobs_.find(order.job);
  if (job == nullptr || job->epoch != epoch || held_.size() >= limits::leases_per_agent_max) return false;
  if (job->order->cpus > slots_.slots()) return false;
  held_.emplace(order.lease, HeldLease(order, order.express && slots_.has_express()));
  return true;
}

void Workload::output_is_stored(LeaseId id, std::uint64_t upto) {
  const auto held = held_.find(id);
  if (held == held_.end()) return;
  held->second.output_is_stored(upto);
  if (held->second.tell(settled_at_)) has_news_ = true;
}

// ---------------------------------------------------------------- files

std::vector<std::shared_ptr<const JobOrder>> Workload::unready_jobs() const {
  std::set<JobId> waiting;
  for (const auto& [id, lease] : held_) {
    if (lease.wants_slot() && !jobs_.at(lease.job()).is_ready) waiting.insert(lease.job());
  }
  std::vector<std::shared_ptr<const JobOrder>> orders;
  orders.reserve(waiting.size());
  for (const JobId job : waiting) orders.push_back(jobs_.at(job).order);
  return orders;
}

void Workload::set_ready(JobId id) {
  if (KnownJob* const job = jobs_.find(id); job != nullptr) job->is_ready = true;
}

void Workload::lack_files(JobId id) {
  if (KnownJob* const job = jobs_.find(id); job != nullptr) job->is_ready = false;
}

void Workload::set_unready(JobId id, const std::string& error) {
  lack_files(id);
  for (auto& [lease_id, lease] : held_) {
    if (lease.job() != id || !lease.wants_slot()) continue;
    const KnownJob& job = jobs_.at(id);
    const auto run = run_at(*job.order, lease.upto(), lease.end());
    lease.fail(run ? run->end : job.next_step_end(lease.upto(), lease.end()), error, true);
    has_news_ = true;
  }
}

// ---------------------------------------------------------------- slots

std::vector<Step> Workload::next_steps() {
  std::vector<Step> steps;
  bool slots_are_out = false;
  for (auto& [id, lease] : held_) {
    if (!may_begin(lease)) continue;
    // Later leases do not take slots that an earlier one waits for. Otherwise a lease that needs several
    // slots could wait without end.
    if (slots_are_out && !lease.is_express()) continue;
    const KnownJob& job = jobs_.at(lease.job());
    const Kernel kernel = job.order->kernel;
    const auto slot = lease.is_express() ? slots_.begin_express(id, kernel, settled_at_)
                                         : slots_.begin(id, job.order->cpus, settled_at_);
    slots_are_out = slots_are_out || (!slot && !lease.is_express());
    if (!slot) continue;
    const Range range = lease.begin_step(job.next_step_end(lease.upto(), lease.end()));
    steps.push_back({*slot, id, kernel, range, lease.job(), lease.attempt(), job.order});
  }
  return steps;
}

// As far as slots do not matter.
bool Workload::may_begin(const HeldLease& lease) const {
  const KnownJob& job = jobs_.at(lease.job());
  if (!lease.wants_slot() || !job.is_ready) return false;
  if (!job.order->program) return true;
  if (settled_at_ < programs_from_) return false;
  if (!job.order->program->collects) return true;
  // While the head is away, output of programs would fill the memory.
  std::size_t bytes = 0;
  for (const auto& [id, other] : held_) bytes += other.untold_bytes();
  return bytes < limits::output_untold_bytes_max;
}

void Workload::curtail(std::uint32_t slot, std::uint64_t end) {
  const auto id = slots_.lease_on(slot);
  const auto held = id ? held_.find(*id) : held_.end();
  if (held != held_.end() && held->second.curtail(end)) has_news_ = true;
}

// A step of several runs takes far longer than planned: perhaps one of them hangs. Once the slot has said
// which run it is in, the step ends with that run, so the head knows it too. Nothing is given back.
void Workload::end_slow_steps(Instant now) {
  for (const LeaseId id : slots_.running_for(slow_step, now)) {
    const auto held = held_.find(id);
    if (held == held_.end()) continue;
    if (held->second.wants_early_end(*jobs_.at(held->second.job()).order)) slots_.curtail(id);
  }
}

void Workload::finish(const StepResult& result, bool goes_on) {
  const auto held = held_.find(result.step.lease);
  const bool is_awaited = held != held_.end() && slots_.slot_of(held->first) == result.step.slot;
  slots_.free(result.step.slot);
  // The lease was lost meanwhile: another agent computes it. Or it was given back, or dropped and granted
  // again, while the step ran: it waits for another step.
  if (!is_awaited) return;
  HeldLease& lease = held->second;
  KnownJob& job = jobs_.at(lease.job());
  const std::uint64_t width = result.upto - lease.upto();
  if (width > 0 && result.is_typical && !result.failed)
    job.pace.learn(lease.upto(), width, seconds(result.took));
  const Instant fresh_until =
      result.step.order->program ? std::max(result.tell_from, doubt_until_) : Instant{};
  lease.finish_step(result, job.order->fold, fresh_until, settled_at_);
  // Where nothing more is to begin, a step that ended early leaves a rest.
  if (lease.is_dear() || !goes_on) lower_end(held->first, lease, 0);
  if (lease.is_over()) has_news_ = true;
}

// ---------------------------------------------------------------- giving back

void Workload::lower_end(LeaseId id, HeldLease& lease, std::uint64_t end) {
  if (lease.lower_end(*jobs_.at(lease.job()).order, end)) slots_.curtail(id);
}

void Workload::give_back_rest() {
  for (auto& [id, lease] : held_) lower_end(id, lease, 0);
}

void Workload::give_back_steps() {
  for (auto& [id, lease] : held_) {
    slots_.give_up(id);
    lease.give_up_step();
    lower_end(id, lease, 0);
  }
}

void Workload::give_back(Instant now) {
  programs_from_ = now + signals_pass;
  has_news_ = true;
  for (auto& [id, lease] : held_) {
    if (!jobs_.at(lease.job()).order->program) continue;
    slots_.give_up(id);
    lease.give_up_step();
    lease.give_back_fresh(settled_at_);
    lower_end(id, lease, 0);
  }
}

void Workload::doubt(Instant until) {
  doubt_until_ = until;
  for (auto& [id, lease] : held_) lease.doubt(until, settled_at_);
}

void Workload::drop_leases() {
  for (const auto& [id, lease] : held_) slots_.give_up(id);
  held_.clear();
}

// ---------------------------------------------------------------- time

Duration Workload::settle(Instant now) {
  const Duration passed = now - std::exchange(settled_at_, now);
  for (auto& [id, lease] : held_) {
    if (lease.tell(now)) has_news_ = true;
  }
  end_slow_steps(now);
  return passed;
}

Instant Workload::next_deadline() const {
  Instant deadline = programs_from_ > settled_at_ ? programs_from_ : Instant::never();
  for (const auto& [id, lease] : held_) deadline = std::min(deadline, lease.tells_at(settled_at_));
  return deadline;
}

// ---------------------------------------------------------------- to the head

void Workload::report(Beat& beat) const {
  beat.express = slots_.has_express();
  for (const auto& [id, lease] : held_) beat.leases.push_back(lease.view(id));
  beat.paces = jobs_.paces();
}

// A slot may still compute what is lost or given back; that does not count.
bool Workload::is_computing() const {
  return std::any_of(held_.begin(), held_.end(), [](const auto& held) { return held.second.is_computing(); });
}

}  // namespace pq::agent
