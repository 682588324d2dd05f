#include "agent/slots.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "agent/kernels/sieve.h"
#include "common/os/clock.h"
#include "common/values/check.h"
#include "common/values/errors.h"

namespace pq::agent {

namespace {

// The niceness of the express place for programs. Beside a busy slot they get a third of its core; a small
// count beside them gets three quarters.
constexpr int gentle_niceness = 5;

StepResult compute_step(const Step& step, Exec& exec, const Clock& clock) {
  if (step.kernel == Kernel::exec) return exec.compute(step);
  const Instant began = clock.now().instant;
  const auto outcome = compute(step.kernel, step.range);
  const Duration took = clock.now().instant - began;
  return outcome ? computed(step, *outcome, took) : failed(step, outcome.error(), took);
}

}  // namespace

Slots::Slots(std::uint32_t count, const ExecSettings& exec) {
  set_up_sieve();
  for (std::uint32_t i = 0; i < count + express_places; ++i) {
    const bool runs_programs = i != express_place(count, Kernel::primes);
    Slot& slot = *slots_.emplace_back(std::make_unique<Slot>(runs_programs ? exec : ExecSettings{}, i));
    slot.is_gentle = i == express_place(count, Kernel::exec);
    try {
      slot.thread = std::thread([this, &slot] { serve(slot); });
    } catch (const std::system_error& error) {
      slots_.pop_back();
      stop();
      throw EnvironmentError(fmt::format("cannot start the thread of slot {} of {}: {}; give fewer --slots",
                                         i + 1, count + express_places, error.code().message()));
    }
  }
}

Slots::~Slots() { stop(); }

void Slots::stop() {
  for (const auto& slot : slots_) {
    {
      const std::lock_guard lock(slot->mutex);
      slot->stops = true;
    }
    slot->exec.abandon();
    slot->changed.notify_one();
  }
  for (const auto& slot : slots_) slot->thread.join();
}

void Slots::start(const Step& step) {
  Slot& slot = *slots_.at(step.slot);
  {
    const std::lock_guard lock(slot.mutex);
    check(!slot.step, "a slot computes one step at a time");
    slot.step = step;
    slot.exec.welcome();
  }
  slot.changed.notify_one();
}

// A step that its thread has not started yet will compute its first run.
std::optional<std::uint64_t> Slots::curtail(std::uint32_t number) {
  Slot& slot = *slots_.at(number);
  const std::lock_guard lock(slot.mutex);
  if (!slot.step || slot.step->kernel != Kernel::exec) return std::nullopt;
  const Step& step = *slot.step;
  const auto first = run_at(*step.order, step.range.begin, step.range.end);
  if (!first) return std::nullopt;
  return std::max(slot.exec.curtail(), first->end);
}

void Slots::abandon(std::uint32_t number) {
  Slot& slot = *slots_.at(number);
  const std::lock_guard lock(slot.mutex);
  if (slot.step) slot.exec.abandon();
}

void Slots::serve(Slot& slot) {
  const SystemClock clock;
  // Linux has a niceness per thread, which children inherit. Without it only the share of the core is wrong.
  if (slot.is_gentle) setpriority(PRIO_PROCESS, 0, gentle_niceness);
  while (true) {
    std::unique_lock lock(slot.mutex);
    const auto has_work = [&] { return slot.step || slot.stops; };
    if (const Instant rests = slot.exec.rests_until(); rests == Instant::never()) {
      slot.changed.wait(lock, has_work);
    } else if (!slot.changed.wait_for(lock, rests - clock.now().instant, has_work)) {
      lock.unlock();  // a step that comes now waits for as long as a program takes to end
      slot.exec.rest(clock.now().instant);
      continue;
    }
    if (slot.stops) return;
    const Step step = *slot.step;
    lock.unlock();
    StepResult result = compute_step(step, slot.exec, clock);
    lock.lock();
    slot.step.reset();
    lock.unlock();
    deliver(std::move(result));
  }
}

// The wake-up is set and cleared under the lock too, so that it is readable exactly while there are results.
void Slots::deliver(StepResult result) {
  const std::lock_guard lock(results_mutex_);
  results_.push_back(std::move(result));
  came_.set();
}

std::vector<StepResult> Slots::take_results() {
  const std::lock_guard lock(results_mutex_);
  came_.clear();
  return std::exchange(results_, {});
}

}  // namespace pq::agent
