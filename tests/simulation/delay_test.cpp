// What one bad machine can cost a job, and how soon jobs share the slots: the bounds of scheduling/README.md,
// in virtual time.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/limits.h"
#include "tests/rooms.h"
#include "tests/simulation/fleet.h"

namespace pq::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t others = 8;
constexpr double job_s = 60;  // what the good machines take for the job without the bad one

// The time of a job on eight good machines and a bad one, less the time that it takes a fleet which loses
// nothing but what the bad one cannot do. `stops_at`: it is stopped for ten minutes, and counted as gone.
double delay(Life bad, std::optional<double> stops_at = std::nullopt) {
  Fleet fleet(1);
  std::vector<Life> lives(others, Life{.has_tables = false});
  for (const Life& life : lives) fleet.add(life);
  Machine& machine = fleet.add(bad);
  if (stops_at) {
    fleet.at(*stops_at, [&machine] { machine.stop_for(600s); });
    bad.goes = *stops_at;
  }
  lives.push_back(bad);
  fleet.submit(0, range_worth(capacity(lives, job_s)));
  return fleet.run() - job_s;
}

// The worst of all delays, with the event at several times near the job's end.
double worst_delay(const std::function<double(double)>& delay_at) {
  double worst = -1;
  for (double t = job_s - 25; t < job_s; t += 0.37) worst = std::max(worst, delay_at(t));
  return worst;
}

void tell(const std::string& what, double worst_s, double bound_s) {
  MESSAGE(fmt::format("{}: at worst {:.2f} s; bound {:.2f} s", what, worst_s, bound_s));
}

// The table of daemon/core/scheduling/README.md, "How long one agent can delay a job", for steps of a second.
constexpr double step = 1;
constexpr double slow_always = 2 * step;
constexpr double slow_from_some_time = step / slowed + 4 * step;
// Its silence, the next pass, and the rest of a lease of at most half of the last 25 s over the idle slots.
const double silent = seconds(limits::tail_term_least + limits::pass_pause_quiet) + 12.5 / others;

TEST_CASE("a machine ten times slower than the rest delays a job by no more than its bound") {
  const double worst = delay({.speed = slowed, .has_tables = false});
  tell("always ten times slower", worst, slow_always);
  CHECK(worst <= slow_always);
}

TEST_CASE("a machine that becomes ten times slower delays a job by the step that it is in") {
  const double worst = worst_delay([](double t) { return delay({.slows_at = t, .has_tables = false}); });
  tell("ten times slower from some time on", worst, slow_from_some_time);
  CHECK(worst > step / slowed / 2);  // else nobody was in a step
  CHECK(worst <= slow_from_some_time);
}

TEST_CASE("a machine that vanishes near the end delays a job until its silence is noticed") {
  const double worst = worst_delay([](double t) { return delay({.goes = t, .has_tables = false}); });
  tell("vanished", worst, silent);
  CHECK(worst <= silent);
}

TEST_CASE("a machine that is stopped near the end delays a job as one that vanished") {
  const double worst = worst_delay([](double t) { return delay({.has_tables = false}, t); });
  tell("stopped for ten minutes", worst, silent);
  CHECK(worst <= silent);
}

// ---------------------------------------------------------------- several jobs

std::size_t leases_of(const Fleet& fleet, std::uint64_t job) {
  const auto found = fleet.queue().jobs().find({job});
  return found == fleet.queue().jobs().end() ? 0 : found->second.ledger.leases();
}

// When, from `from` on, the job first has this many leases; -1: not within a minute.
double when_it_has(Fleet& fleet, std::uint64_t job, std::size_t leases, double from) {
  for (double t = from; t < from + 60; t += 0.05) {
    fleet.passes_until(t);
    if (leases_of(fleet, job) >= leases) return t - from;
  }
  return -1;
}

TEST_CASE("a job that comes late has its even share of the slots within seconds") {
  Fleet fleet(1);
  for (std::size_t i = 0; i < others; ++i) fleet.add({.slots = 2});
  fleet.submit(0, range_worth(1e6));
  fleet.passes_until(30);
  REQUIRE(leases_of(fleet, 1) == 2 * others);
  fleet.submit(30, range_worth(1e6));
  const double took = when_it_has(fleet, 2, others, 30);
  tell("an even share for a late job", took, 2.5);
  CHECK(took >= 0);
  CHECK(took <= 2.5);
  fleet.submit(40, range_worth(1e6));
  fleet.submit(40, range_worth(1e6));
  fleet.passes_until(50);
  for (std::uint64_t job = 1; job <= 4; ++job) CHECK(leases_of(fleet, job) == 2 * others / 4);
}

TEST_CASE("a job of higher priority has all slots within a step") {
  Fleet fleet(1);
  for (std::size_t i = 0; i < others; ++i) fleet.add({.slots = 2});
  fleet.submit(0, range_worth(1e6));
  fleet.passes_until(30);
  fleet.submit(30, range_worth(1e6), 1);
  const double took = when_it_has(fleet, 2, 2 * others, 30);
  tell("all slots for a higher priority", took, 2.5);
  CHECK(took >= 0);
  CHECK(took <= 2.5);
  fleet.passes_until(40);
  CHECK(leases_of(fleet, 1) == 0);
}

TEST_CASE("ten jobs of one submitter leave half of the slots to one job of another, within seconds") {
  Fleet fleet(1);
  for (std::size_t i = 0; i < others; ++i) fleet.add({.slots = 2});
  for (int i = 0; i < 10; ++i) fleet.submit(0, range_worth(1e6), 0, "alice");
  fleet.passes_until(30);
  fleet.submit(30, range_worth(1e6), 0, "bob");
  const double took = when_it_has(fleet, 11, others, 30);
  tell("half of the slots for a submitter's only job", took, 2.5);
  CHECK(took >= 0);
  CHECK(took <= 2.5);
  const auto done_of = [&](std::uint64_t first, std::uint64_t last) {
    double done = 0;
    for (std::uint64_t job = first; job <= last; ++job)
      done += static_cast<double>(fleet.queue().jobs().at({job}).ledger.done());
    return done;
  };
  fleet.passes_until(60);
  const double hers = done_of(1, 10);
  const double his = done_of(11, 11);
  fleet.passes_until(260);
  const double part = (done_of(11, 11) - his) / (done_of(11, 11) - his + done_of(1, 10) - hers);
  tell("the part of one job beside ten of another submitter", part, 0.5);
  CHECK(part > 0.48);
  CHECK(part < 0.52);
}

TEST_CASE("two jobs share one slot by turns") {
  Fleet fleet(1);
  fleet.add({});
  fleet.submit(0, range_worth(1e6));
  fleet.submit(10, range_worth(1e6));
  fleet.passes_until(130);
  const auto done = [&](std::uint64_t job) {
    return static_cast<double>(fleet.queue().jobs().at({job}).ledger.done());
  };
  const double share = done(2) / (done(1) + done(2));
  tell("of one slot, the part of a job that came 10 s late", share, 0.5);
  CHECK(share > 0.4);
  CHECK(share < 0.5);
}

// ---------------------------------------------------------------- beside slots that are busy with long steps

// One machine whose two slots count at 10^18, in steps of half a minute.
struct LongSteps : Fleet {
  LongSteps() : Fleet(1) {
    add({.slots = 2});
    submit(0, range_worth(1e6, 1'000'000'000'000'000'000));
    passes_until(100);
  }

  // Seconds until the last of these has its answer; -1: not within two minutes.
  double answered_after(const std::vector<const Client*>& clients) {
    const double from = now();
    for (double t = from; t < from + 120; t += 0.002) {
      passes_until(t);
      if (std::all_of(clients.begin(), clients.end(), [](const Client* c) { return c->has_its_answer(); }))
        return t - from;
    }
    return -1;
  }
};

JobSpec short_runs(std::uint64_t runs) {
  JobSpec spec;
  spec.range = {0, runs};
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"simulated"};
  spec.program->run_width = 1;
  spec.program->timeout_ms = 10'000;
  spec.program->express = true;
  return spec;
}

constexpr double small_count =
    1;  // the bound of scheduling/README.md, of counts that take less than that in all
// The turn of the job before it, which ends with a run that began within it, and its own run. Here a run
// takes a quarter of a second.
constexpr double turn_and_runs = 1 + 0.25 + 0.25;

TEST_CASE("a count of 5 ms does not wait for steps at 10^18") {
  LongSteps fleet;
  std::vector<double> delays;
  for (int i = 0; i < 40; ++i) {
    delays.push_back(fleet.answered_after({&fleet.submit(fleet.now(), range_worth(0.005, 10'000'000))}));
    fleet.passes_until(fleet.now() + 1.37);
  }
  std::sort(delays.begin(), delays.end());
  tell(fmt::format("a count of 5 ms beside 10^18, half of them within {:.3f} s", delays[delays.size() / 2]),
       delays.back(), small_count);
  CHECK(delays.front() > 0);
  CHECK(delays.back() <= small_count);
}

TEST_CASE(
    "eight small counts at once do not wait for steps at 10^18, nor for programs that asked not to wait") {
  LongSteps fleet;
  fleet.submit(fleet.now(), short_runs(100'000));
  fleet.passes_until(fleet.now() + 10);
  double worst = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<const Client*> clients;
    clients.reserve(8);
    for (int i = 0; i < 8; ++i) clients.push_back(&fleet.submit(fleet.now(), range_worth(0.1, 10'000'000)));
    const double took = fleet.answered_after(clients);
    REQUIRE(took > 0);
    worst = std::max(worst, took);
    fleet.passes_until(fleet.now() + 3.7);
  }
  tell("eight counts of 100 ms at once, the last of them", worst, small_count);
  CHECK(worst <= small_count);
}

TEST_CASE("a program that asks not to wait waits for the turn of one that asked before") {
  LongSteps fleet;
  fleet.submit(fleet.now(), short_runs(100'000));
  fleet.passes_until(fleet.now() + 10);
  double worst = 0;
  for (int i = 0; i < 20; ++i) {
    const double took = fleet.answered_after({&fleet.submit(fleet.now(), short_runs(1))});
    REQUIRE(took > 0);
    worst = std::max(worst, took);
    fleet.passes_until(fleet.now() + 0.77);
  }
  tell("a run that asks for an express place, beside another job that does", worst, turn_and_runs);
  CHECK(worst <= turn_and_runs);
}

TEST_CASE("a great work in small pieces is computed by slots: beside them it has half a core") {
  Fleet fleet(1);
  fleet.add({.slots = 2});
  constexpr int pieces = 600;
  const Range piece = range_worth(0.1, 10'000'000);
  const double work_s =
      pieces * expected_cost(Kernel::primes, piece.begin).seconds(static_cast<double>(piece.width()));
  for (int i = 0; i < pieces; ++i) fleet.submit(0, piece);
  const double took = fleet.run();
  const double by_slots = work_s / 2;
  const double with_half_a_core = (work_s - seconds(limits::express_burst)) / 2.5;
  tell(fmt::format("600 counts on two slots, {:.2f} s with half a core beside them", with_half_a_core), took,
       by_slots);
  CHECK(took >= 0.97 * with_half_a_core);  // the pieces take a little more or less than expected
  CHECK(took <= by_slots);
}

}  // namespace
}  // namespace pq::simulation
