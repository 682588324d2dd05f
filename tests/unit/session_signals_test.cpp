// How a session reacts to signals that reached all processes of its agent, or may have.
#include <doctest/doctest.h>

#include "tests/rooms.h"
#include "tests/unit/session_scenario.h"

namespace {

using namespace pq;
using namespace pq::tests;

// A run for each integer.
Program one_by_one() {
  Program program;
  program.words = {"./sim"};
  program.run_width = 1;
  return program;
}

// The present step ends with 5 for each of its integers, and may be reported after `patience`.
void gives_fives(SessionScenario& s, Duration patience) {
  StepResult result = computed(s.running(), Int128{5 * static_cast<int>(s.running().range.width())}, 10ms);
  s.with([&](Session&, Instant now) { result.tell_from = now + patience; });
  s.ends(result);
}

TEST_CASE("a program's value is told when it is old enough, and the slot goes on meanwhile") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 2})}, one_by_one());
  REQUIRE(s.running().range == Range{0, 1});
  gives_fives(s, 300ms);
  CHECK(s.running().range == Range{1, 2});
  gives_fives(s, 500ms);
  CHECK(s.steps() == 0);
  CHECK(s.is_quiet());
  s.passes(499ms);
  CHECK(s.is_quiet());
  s.passes(1ms);
  const LeaseView told = s.says_of(1);
  CHECK(told.upto == 2);
  CHECK(told.value == Value(Int128{10}));
}

TEST_CASE("a beat tells what is old enough, and nothing newer") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, one_by_one());
  gives_fives(s, 300ms);
  const std::uint64_t old = s.running().range.begin;
  s.passes(700ms);
  gives_fives(s, 1s);
  s.passes(beat() - 700ms);
  const LeaseView told = s.says_of(1);
  CHECK(told.upto == old);
  CHECK(told.value == Value(Int128{5 * static_cast<int>(old)}));
}

TEST_CASE("what was told before all were signalled stays, what is newer is given back without a failure") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, one_by_one());
  gives_fives(s, 100ms);
  const std::uint64_t told_upto = s.running().range.begin;
  s.passes(200ms);
  gives_fives(s, 1s);
  const std::uint32_t slot = s.running().slot;
  const StepResult late = computed(s.running(), Int128{1}, 1s);
  s.with([](Session& session, Instant now) { session.work().give_back(now); });
  CHECK(s.abandoned() == std::vector<std::uint32_t>{slot});
  const LeaseView told = s.says_of(1);
  CHECK(told.upto == told_upto);
  CHECK(told.end == told_upto);
  CHECK(told.value == Value(Int128{5 * static_cast<int>(told_upto)}));
  CHECK_FALSE(told.failed_upto.has_value());
  s.ends(late);  // a truncated run's value comes all the same
  s.passes(beat());
  CHECK(s.says_of(1).upto == told_upto);
}

TEST_CASE("a failure that came after a value which is given back goes with it") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, one_by_one());
  StepResult result = computed(s.running(), Int128{5}, 10ms);
  result.upto = 1;
  result.failed = StepResult::FailedRun{2, "killed by signal 15"};
  s.with([&](Session&, Instant now) { result.tell_from = now + 1s; });
  s.ends(result);
  s.with([](Session& session, Instant now) { session.work().give_back(now); });
  const LeaseView told = s.says_of(1);
  CHECK(told.upto == 0);
  CHECK(told.end == 0);
  CHECK_FALSE(told.failed_upto.has_value());
}

TEST_CASE("after a signal to all no program begins for a second, then they do") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 1})}, one_by_one());
  const StepResult late = computed(s.running(), Int128{1}, 1s);
  s.with([](Session& session, Instant now) { session.work().give_back(now); });
  s.ends(late);
  s.forgets_what_it_said();
  s.ordered({lease(2, {0, 1})}, one_by_one());
  CHECK(s.steps() == 0);
  s.passes(999ms);
  CHECK(s.steps() == 0);
  s.passes(1ms);
  CHECK(s.running().range == Range{0, 1});
  s.forgets_what_it_said();
}

TEST_CASE("what the agent computes by itself no signal to its programs can spoil") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.with([](Session& session, Instant now) {
    session.work().give_back(now);
    session.work().doubt(now + 1s);
  });
  CHECK(s.abandoned().empty());
  s.forgets_what_it_said();
  const Range step = s.finishes(7);
  s.passes(beat());
  CHECK(s.says_of(1).upto == step.end);
}

TEST_CASE("where the agent itself was signalled, values wait until it is known who else was") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 3})}, one_by_one());
  gives_fives(s, 100ms);
  s.with([](Session& session, Instant now) {
    session.drain(now);
    session.work().doubt(now + 1s);
  });
  CHECK(s.says_of(1).upto == 0);
  s.passes(300ms);
  gives_fives(s, 0ms);
  CHECK(s.is_quiet());
  SUBCASE("nobody: they are told, and the agent is done") {
    s.passes(700ms);
    CHECK(s.says_of(1).upto == 3);
    s.ordered({});
    s.says<Goodbye>();
  }
  SUBCASE("all: they are given back, and the agent is done at once") {
    s.with([](Session& session, Instant now) { session.work().give_back(now); });
    const LeaseView told = s.says_of(1);
    CHECK(told.upto == 0);
    CHECK(told.end == 0);
    s.ordered({});
    s.says<Goodbye>();
  }
}

TEST_CASE("what a run printed is stored and old enough before it is told") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 1})}, one_by_one());
  StepResult result = computed(s.running(), Int128{5}, 10ms);
  result.collected.push_back({{0, 1}, "5\n"});
  s.with([&](Session&, Instant now) { result.tell_from = now + 300ms; });
  s.ends(result);
  SUBCASE("stored first") {
    s.with([](Session& session, Instant) { session.work().output_is_stored(id(1), 1); });
    CHECK(s.is_quiet());
    s.passes(300ms);
  }
  SUBCASE("old enough first") {
    s.passes(400ms);
    CHECK(s.is_quiet());
    s.with([](Session& session, Instant) { session.work().output_is_stored(id(1), 1); });
  }
  CHECK(s.says_of(1).upto == 1);
}

}  // namespace
