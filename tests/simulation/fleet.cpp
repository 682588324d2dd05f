#include "tests/simulation/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "tests/rooms.h"
#include "tests/simulation/truth.h"

namespace pq::simulation {

using namespace std::chrono_literals;

double capacity(const std::vector<Life>& lives, double t) {
  double sum = 0;
  for (const Life& life : lives) {
    const double end = std::min(t, life.goes);
    const double fast_s = std::max(0.0, std::min(end, life.slows_at) - life.comes);
    const double slow_s = std::max(0.0, end - std::max(life.comes, life.slows_at));
    sum += life.slots * life.speed * (fast_s + slowed * slow_s);
  }
  return sum;
}

// The cost of an integer grows a little with its place, so the range is grown part by part.
Range range_worth(double work_s, std::uint64_t begin) {
  constexpr int parts = 1000;
  auto at = static_cast<double>(begin);
  for (int i = 0; i < parts; ++i) {
    const Cost cost = expected_cost(Kernel::primes, static_cast<std::uint64_t>(at));
    at += work_s / parts / cost.per_integer_s;
  }
  return {begin, static_cast<std::uint64_t>(at)};
}

Fleet::Fleet(std::uint64_t seed, bool is_large)
    : dice_(seed),
      network_(timeline_, dice_, {.delay_usual = 500us}),
      disk_(dice_),
      auditor_(!is_large),
      head_(timeline_, dice_, network_, disk_, auditor_, {}) {
  head_.start();
}

Machine& Fleet::add(const Life& life) {
  Machine& machine = *machines_.emplace_back(
      std::make_unique<Machine>(timeline_, dice_, network_, programs_,
                                MachineFacts{.name = fmt::format("machine-{}", machines_.size() + 1),
                                             .slots = life.slots,
                                             .slowness = 1 / life.speed,
                                             .has_tables = life.has_tables,
                                             .comes_back = false}));
  timeline_.at(life.comes > 0 ? began_ + from_seconds(life.comes) : timeline_.now(),
               [&machine] { machine.start(); });
  at(life.slows_at, [&machine] { machine.runs_at(slowed); });
  at(life.goes, [&machine] { machine.vanish(); });
  return machine;
}

Client& Fleet::submit(double when, Range range, std::int32_t priority, const std::string& name) {
  JobSpec spec;
  spec.range = range;
  spec.priority = priority;
  return submit(when, std::move(spec), name);
}

Client& Fleet::submit(double when, JobSpec spec, const std::string& name) {
  const Submit submit{{1, clients_.size()}, std::move(spec)};
  Client& client =
      *clients_.emplace_back(std::make_unique<Client>(timeline_, dice_, network_, programs_, submit, name));
  at(when, [&client] { client.begin(); });
  return client;
}

void Fleet::at(double when, std::function<void()> what) {
  timeline_.at(began_ + from_seconds(when), std::move(what));
}

double Fleet::run() {
  const auto all_have_answers = [&] {
    return std::all_of(clients_.begin(), clients_.end(), [](const auto& c) { return c->has_its_answer(); });
  };
  while (!all_have_answers()) {
    if (!timeline_.step(Instant::never())) throw Broken{"nothing will ever happen again"};
  }
  return now();
}

void Fleet::passes_until(double when) {
  while (timeline_.step(began_ + from_seconds(when))) {
  }
}

Tally Fleet::tally() const {
  Auditor auditor = auditor_;
  auditor.sees_end(disk_.model());
  return auditor.tally;
}

}  // namespace pq::simulation
