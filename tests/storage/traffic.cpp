#include "tests/storage/traffic.h"
#include "tests/rooms.h"

#include <algorithm>
#include <chrono>
#include <variant>

namespace pq::storage {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t jobs_open_max = 12;  // more make the turns slow and nothing else

// A value that joins as sums do.
std::optional<Value> sum_of(std::uint64_t begin, std::uint64_t upto) {
  if (begin == upto) return std::nullopt;
  return (Int128{upto} - begin) * 1'000'003;
}

}  // namespace

void Traffic::begin(Epoch epoch, Stored found) {
  // Short terms: silence is found within a few turns.
  queue_.emplace(QueueSettings{2s, 100ms}, epoch, std::move(found), now_);
}

Effects Traffic::turn() {
  Effects effects;
  const auto passed = std::chrono::milliseconds(dice_.below(400));
  now_ = {now_.instant + passed, now_.unix_ms + passed.count()};
  for (std::uint64_t n = 1 + dice_.below(4); n > 0; --n) happen(effects);
  queue_->settle(now_, effects);
  return effects;
}

void Traffic::happen(Effects& effects) {
  switch (dice_.below(16)) {
    case 0:
    case 1:
      return submit(effects);
    case 2:
      return steer(effects);
    case 3:
      return introduce(any_worker(), effects);
    case 4:
      return leave(any_worker(), effects);
    default:
      return beat(any_worker(), effects);
  }
}

// ---------------------------------------------------------------- a client

void Traffic::submit(Effects& effects) {
  const auto is_open = [](const auto& job) { return !has_ended(job.second.row.state); };
  const auto open = static_cast<std::size_t>(std::ranges::count_if(queue_->jobs(), is_open));
  // Now and then many at once: a transaction of many pages.
  const std::uint64_t count = dice_.one_in(50) ? 100 : 1;
  if (open + count > jobs_open_max && count == 1) return;
  for (std::uint64_t n = 0; n < count; ++n) {
    JobSpec spec;
    const std::uint64_t begin = dice_.bits() >> (1 + dice_.below(40));
    spec.range = {begin, begin + 1 + (dice_.bits() >> (2 + dice_.below(61)))};
    spec.name = words(60);
    spec.failures_max = static_cast<std::uint32_t>(dice_.below(20));
    queue_->handle({}, Letter<ClientToHead>{0, Submit{{dice_.bits(), dice_.bits()}, spec}}, now_, effects);
    if (count == 1) continue;
    const JobId id = queue_->jobs().rbegin()->first;
    queue_->handle({}, Letter<ClientToHead>{0, Steer{id, Steering::cancel}}, now_, effects);
  }
}

void Traffic::steer(Effects& effects) {
  if (queue_->jobs().empty()) return;
  auto job = queue_->jobs().begin();
  std::advance(job, static_cast<std::ptrdiff_t>(dice_.below(queue_->jobs().size())));
  constexpr Steering all[] = {Steering::cancel, Steering::pause, Steering::resume, Steering::resume};
  const auto priority = static_cast<std::int32_t>(dice_.below(5));
  ClientToHead said = Steer{job->first, all[dice_.below(4)]};
  if (dice_.one_in(2)) said = Reprioritize{job->first, priority};
  queue_->handle({}, Letter<ClientToHead>{0, said}, now_, effects);
}

std::optional<Changes> Traffic::forget_a_job() const {
  const auto ended =
      std::ranges::find_if(queue_->jobs(), [](const auto& job) { return has_ended(job.second.row.state); });
  if (ended == queue_->jobs().end()) return std::nullopt;
  Changes changes;
  changes.jobs[ended->first] = std::nullopt;
  return changes;
}

// ---------------------------------------------------------------- agents

void Traffic::introduce(Worker& worker, Effects& effects) {
  if (worker.hello.name.empty() || dice_.one_in(4)) {  // a new process
    const auto number = static_cast<std::uint64_t>(&worker - workers_.data());
    worker = {};
    worker.hello.name = "agent " + std::to_string(number);
    worker.hello.incarnation = {dice_.bits()};
    worker.hello.program_version = "1.0";
    worker.hello.slots = static_cast<std::uint32_t>(1 + dice_.below(4));
    worker.hello.kernels.assign(sieve_kernels.begin(), sieve_kernels.end());
    for (std::uint64_t n = dice_.below(5); n > 0; --n) worker.hello.labels.push_back({words(20), words(200)});
  }
  worker.peer = {dice_.bits()};
  worker.is_known = true;
  queue_->handle({worker.peer, "key of " + worker.hello.name}, worker.hello, now_, effects);
}

void Traffic::beat(Worker& worker, Effects& effects) {
  if (!worker.is_known) return introduce(worker, effects);
  Beat beat;
  beat.name = worker.hello.name;
  beat.incarnation = worker.hello.incarnation;
  beat.seq = ++worker.seq;
  beat.epoch = worker.epoch;
  beat.orders_seen = worker.orders_seen;
  if (dice_.one_in(30)) worker.is_draining = true;
  beat.draining = worker.is_draining;
  for (auto& [id, lease] : worker.held) {
    compute(lease);
    beat.leases.push_back(lease);
  }
  queue_->handle({worker.peer, "key of " + worker.hello.name}, beat, now_, effects);
}

void Traffic::compute(LeaseView& lease) {
  if (lease.upto == lease.end || lease.failed_upto) return;
  const std::uint64_t left = lease.end - lease.upto;
  const std::uint64_t what = dice_.below(8);
  if (what < 4) lease.upto = what < 2 ? lease.end : lease.upto + 1 + dice_.below(left);
  lease.value = sum_of(lease.begin, lease.upto);
  if (what == 4) lease.end = lease.upto + dice_.below(left);
  if (what == 5) {
    lease.failed_upto = lease.upto + 1 + dice_.below(left);
    lease.error = words(250);
  }
}

void Traffic::leave(Worker& worker, Effects& effects) {
  if (!worker.is_known || dice_.one_in(2)) return;
  queue_->handle({worker.peer, "key of " + worker.hello.name},
                 Goodbye{worker.hello.name, worker.hello.incarnation}, now_, effects);
  worker = {};
}

void Traffic::send(const Effects& effects) {
  for (const Outgoing& outgoing : effects.outgoing) {
    const auto worker = std::ranges::find(workers_, outgoing.peer, &Worker::peer);
    const auto* said = std::get_if<HeadToAgent>(&outgoing.message);
    if (worker == workers_.end() || said == nullptr || dice_.one_in(8)) continue;
    if (const auto* orders = std::get_if<Orders>(said)) follow(*worker, *orders);
    if (std::holds_alternative<Refusal>(*said)) worker->is_known = false;
  }
}

// As a real agent does: new leases are taken, leases that are not listed are gone.
void Traffic::follow(Worker& worker, const Orders& orders) {
  if (orders.epoch == worker.epoch && orders.number <= worker.orders_seen) return;
  worker.epoch = orders.epoch;
  worker.orders_seen = orders.number;
  std::map<LeaseId, LeaseView> held;
  for (const LeaseOrder& order : orders.leases) {
    const auto known = worker.held.find(order.lease);
    LeaseView view;
    view.lease = order.lease;
    view.begin = view.upto = order.range.begin;
    view.end = order.range.end;
    held[order.lease] = known != worker.held.end() ? known->second : view;
  }
  worker.held = std::move(held);
}

std::string Traffic::words(std::size_t size_max) { return std::string(dice_.below(size_max), 'w'); }

}  // namespace pq::storage
