#include "agent/slots.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "agent/kernels/sieve.h"
#include "common/check.h"
#include "common/errors.h"
#include "common/os/clock.h"

namespace pq {

namespace {

StepResult compute_step(const Step& step, Exec& exec, const Clock& clock) {
  if (step.kernel == Kernel::exec) return exec.compute(step);
  const Instant began = clock.now().instant;
  const auto outcome = compute(step.kernel, step.range);
  const Duration took = clock.now().instant - began;
  return outcome ? computed(step, *outcome, took) : failed(step, outcome.error(), took);
}

}  // namespace

Slots::Slots(std::uint32_t count, const ExecSettings& exec) : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw EnvironmentError("cannot make an eventfd: raise the limit of open files (ulimit -n)");
  set_up_sieve();
  for (std::uint32_t i = 0; i < count; ++i) {
    Slot& slot = *slots_.emplace_back(std::make_unique<Slot>(exec, i));
    try {
      slot.thread = std::thread([this, &slot] { serve(slot); });
    } catch (const std::system_error& error) {
      slots_.pop_back();
      stop();
      throw EnvironmentError(fmt::format("cannot start the thread of slot {} of {}: {}; give fewer --slots",
                                         i + 1, count, error.code().message()));
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
  close(fd_);
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

void Slots::abandon(std::uint32_t number) {
  Slot& slot = *slots_.at(number);
  const std::lock_guard lock(slot.mutex);
  if (slot.step) slot.exec.abandon();
}

void Slots::serve(Slot& slot) {
  const SystemClock clock;
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

// The descriptor is written and read under the lock too, so that it is readable exactly while there are
// results.
void Slots::deliver(StepResult result) {
  const std::lock_guard lock(results_mutex_);
  results_.push_back(std::move(result));
  const std::uint64_t one = 1;
  check(write(fd_, &one, sizeof one) == sizeof one, "an eventfd takes a count");
}

std::vector<StepResult> Slots::take_results() {
  const std::lock_guard lock(results_mutex_);
  std::uint64_t count = 0;
  if (read(fd_, &count, sizeof count) != sizeof count) return {};
  return std::exchange(results_, {});
}

}  // namespace pq
