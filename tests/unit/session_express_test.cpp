// Sessions with express places: what is computed beside the slots, and what is given back of it.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <set>

#include "agent/session.h"
#include "tests/rooms.h"
#include "tests/unit/session_scenario.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

constexpr Range dear{0, 20'000'000'000};  // more than a first step
constexpr std::uint32_t counts_place = express_place(1, Kernel::primes);
constexpr std::uint32_t programs_place = express_place(1, Kernel::exec);

SessionSettings with_express() {
  SessionSettings settings;
  settings.has_express = true;
  return settings;
}

LeaseOrder express_lease(std::uint64_t counter, Range range) {
  LeaseOrder order = lease(counter, range);
  order.express = true;
  return order;
}

LeaseOrder long_lease() { return lease(1, {0, wide}); }

Program short_program() {
  Program program;
  program.words = {"date"};
  program.run_width = 10;
  program.timeout_ms = 10'000;
  program.express = true;
  return program;
}

// The second of the running steps.
Step beside(SessionScenario& s) {
  REQUIRE(s.steps() == 2);
  return s.newest();
}

TEST_CASE("a beat says that there are express places, and of which leases they are") {
  SessionScenario s(1, with_express());
  s.says<Hello>();
  s.hears(Welcome{self});
  CHECK(s.says<Beat>().express);
  s.ordered({long_lease(), express_lease(2, {0, 1000})});
  s.passes(beat());
  const Beat said = s.says<Beat>();
  REQUIRE(said.leases.size() == 2);
  CHECK_FALSE(said.leases[0].express);
  CHECK(said.leases[1].express);
}

TEST_CASE("an express lease is computed beside a busy slot, and counts as none") {
  SessionScenario s(1, with_express());
  s.is_welcomed();
  s.ordered({long_lease(), express_lease(2, {0, 1000})});
  CHECK(beside(s).lease == id(2));
  CHECK(beside(s).slot == counts_place);
  CHECK(beside(s).range == Range{0, 1000});
  CHECK(s.session().work().slots().slots_busy() == 1);
}

TEST_CASE("without express places a lease is of a slot, whatever the head says") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({long_lease(), express_lease(2, {0, 1000})});
  CHECK(s.steps() == 1);
}

TEST_CASE("an express lease waits for the one before it, and for no slot that several leases wait for") {
  SessionScenario s(1, with_express());
  s.is_welcomed();
  s.ordered({long_lease(), lease(2, {0, 1000}), express_lease(3, {0, 1000}), express_lease(4, {0, 500})});
  CHECK(beside(s).lease == id(3));
  s.finishes_newest(168, 5ms);
  CHECK(s.says_of(3).upto == 1000);
  CHECK(beside(s).lease == id(4));
}

TEST_CASE("a step that took longer than an express place may be held gives the rest back") {
  SessionScenario s(1, with_express());
  s.is_welcomed();
  s.ordered({long_lease(), express_lease(2, dear)});
  const Range first = s.newest().range;
  REQUIRE(first.end < dear.end);
  s.finishes_newest(7, 3s);
  const LeaseView view = s.says_of(2);
  CHECK(view.upto == first.end);
  CHECK(view.end == first.end);
  CHECK(s.steps() == 1);
}

TEST_CASE("a step within its time goes on to the end of its lease") {
  SessionScenario s(1, with_express());
  s.is_welcomed();
  s.ordered({long_lease(), express_lease(2, dear)});
  const Range first = s.newest().range;
  s.finishes_newest(7, 100ms);
  CHECK(beside(s).range.begin == first.end);
  CHECK(s.is_quiet());
}

TEST_CASE("a program has an express place of its own") {
  SessionScenario s(1, with_express());
  s.is_welcomed();
  Orders orders = s.orders({long_lease(), express_lease(2, {0, 1000})});
  LeaseOrder asked = express_lease(3, {0, 10});
  asked.job = {2};
  orders.leases.push_back(asked);
  orders.jobs.push_back({{2}, Kernel::exec, Fold::sum, 0, 1, short_program()});
  s.hears(orders);
  CHECK(s.steps() == 3);
  CHECK(s.newest().slot == programs_place);
  CHECK(s.newest().kernel == Kernel::exec);
}

TEST_CASE("a drain gives back what an express place has not begun") {
  SessionScenario s(1, with_express());
  s.is_welcomed();
  s.ordered({long_lease(), express_lease(2, {0, 1000}), express_lease(3, {0, 500})});
  s.with([](Session& session, Instant now) { session.drain(now); });
  const Beat said = s.says<Beat>();
  REQUIRE(said.leases.size() == 3);
  CHECK(said.leases[1].end == 1000);
  CHECK(said.leases[2].end == 0);
}

TEST_CASE("the step of an express lease that is lost is abandoned at its place") {
  SessionScenario s(1, with_express());
  s.is_welcomed();
  s.ordered({long_lease(), express_lease(2, {0, 1000})});
  s.ordered({long_lease()});
  CHECK(s.abandoned() == std::vector<std::uint32_t>{counts_place});
  s.forgets_what_it_said();
}

}  // namespace
