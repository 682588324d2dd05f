// What one bad machine can cost a job, and how soon jobs share the slots: the bounds of DESIGN.md, in virtual
// time.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/limits.h"
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

// Of all delays when it happens at some time near the job's end.
double worst_delay(const std::function<double(double)>& delay_at) {
  double worst = -1;
  for (double t = job_s - 25; t < job_s; t += 0.37) worst = std::max(worst, delay_at(t));
  return worst;
}

void tell(const std::string& what, double worst_s, double bound_s) {
  MESSAGE(fmt::format("{}: at worst {:.2f} s; bound {:.2f} s", what, worst_s, bound_s));
}

// The table of DESIGN.md, "How long one agent can delay a job", for steps of a second.
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

}  // namespace
}  // namespace pq::simulation
