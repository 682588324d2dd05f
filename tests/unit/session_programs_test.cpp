// Sessions whose jobs run programs: whole runs, partial results, several slots a step, files, and collected
// output.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/session.h"
#include "tests/rooms.h"
#include "tests/unit/session_scenario.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

Program program(std::uint64_t run_width = 0) {
  Program made;
  made.words = {"./sim"};
  made.run_width = run_width;
  return made;
}

Program with_file() {
  Program made = program();
  made.files = {{.name = "sim", .hash = {}, .bytes = 3, .kind = FileKind::executable}};
  return made;
}

Program collecting(std::uint64_t run_width) {
  Program made = program(run_width);
  made.collects = true;
  return made;
}

// The running step as a whole, with what its runs have printed.
StepResult printed(const SessionScenario& s, int value, std::vector<CollectedRun> runs, Duration took = 1s) {
  StepResult result = computed(s.running(), Int128{value}, took);
  result.collected = std::move(runs);
  return result;
}

// ---------------------------------------------------------------- runs

TEST_CASE("a step tells all that its slot must know") {
  SessionScenario s(2);
  s.is_welcomed();
  LeaseOrder order = lease(1, {20, 30});
  order.attempts_failed = 2;
  s.ordered({order}, program(10));
  const Step step = s.running();
  CHECK(step.kernel == Kernel::exec);
  CHECK(step.job == JobId{1});
  CHECK(step.attempt == 3);
  REQUIRE(step.order != nullptr);
  CHECK(step.order->program == program(10));
}

TEST_CASE("a step of runs with a width of their own ends where a run does") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {20, 95})}, program(10));
  CHECK(s.running().range == Range{20, 30});  // one run, until something is known of them
  s.finishes(Value(Int128{1}), 300ms);
  CHECK(s.running().range == Range{30, 60});  // about a second's worth
  s.finishes(Value(Int128{1}), 900ms);
  CHECK(s.running().range.begin == 60);
  CHECK(s.running().range.end % 10 == 0);
  s.finishes(1);
  while (s.steps() > 0) s.finishes(1);  // the last run of a lease is as wide as is left
  CHECK(s.says_of(1).upto == 95);
}

TEST_CASE("a run that was cut is finished, and the next ones are whole") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {17, 60})}, program(10));
  CHECK(s.running().range == Range{17, 20});
  s.finishes(Value(Int128{1}), 10s);
  CHECK(s.running().range == Range{20, 30});
}

TEST_CASE("what is given back begins where a run does") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 95})}, program(10));
  s.ordered({lease(1, {0, 95}, 43)}, program(10));
  CHECK(s.says_of(1).end == 50);
  s.ordered({lease(1, {0, 95}, 41)}, program(10));
  CHECK(s.says_of(1).end == 50);
  s.ordered({lease(1, {0, 95}, 40)}, program(10));
  CHECK(s.says_of(1).end == 40);
  s.ordered({lease(1, {0, 95}, 3)}, program(10));
  CHECK(s.says_of(1).end == 10);  // not before the running step
}

TEST_CASE("a lease that was not begun is given back as a whole, also where it begins amid a run") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 10}), lease(2, {13, 20}, 0)}, program(10));
  const LeaseView view = s.says_of(2);
  CHECK(view.end == 13);
  CHECK(view.upto == 13);
}

TEST_CASE("after a step that ends early the next one begins there") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, program(10));
  s.finishes(Value(Int128{1}), 100ms);
  const Range second = s.running().range;
  REQUIRE(second.width() > 20);
  s.ends_early(30, 5);
  CHECK(s.running().range.begin == 30);
  s.passes(beat());
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == 30);
  CHECK(view.end == 100);
  CHECK(view.value == Value(Int128{6}));
}

TEST_CASE("the runs that follow the one in hand are given back with it") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, program(10));
  s.finishes(Value(Int128{1}), 100ms);
  const Range step = s.running().range;
  REQUIRE(step.begin == 10);
  REQUIRE(step.width() > 30);
  s.passes(beat());
  CHECK(s.says_of(1).step_end == step.end);
  s.ordered({lease(1, {0, 100}, 22)}, program(10));
  CHECK(s.says_of(1).end == step.end);  // so far
  CHECK(s.curtailed() == std::vector<std::uint32_t>{0});
  s.ordered({lease(1, {0, 100}, 22)}, program(10));
  CHECK(s.says_of(1).end == step.end);
  CHECK(s.curtailed().empty());  // asked once

  SUBCASE("up to there") {
    s.with([](Session& session, Instant) { session.work().curtail(0, 20); });
    const LeaseView view = s.says_of(1);
    CHECK(view.end == 30);  // the end that was asked for, of a run
    CHECK(view.step_end == 20);
    s.ends_early(20, 5);
    CHECK(s.running().range == Range{20, 30});
  }
  SUBCASE("but for those that had begun") {
    s.with([](Session& session, Instant) { session.work().curtail(0, 40); });
    CHECK(s.says_of(1).end == 40);
    s.ends_early(40, 5);
    CHECK(s.steps() == 0);
    CHECK(s.says_of(1).upto == 40);
  }
  SUBCASE("but for what ends before anybody can say") {
    s.finishes(9);
    s.with([](Session& session, Instant) { session.work().curtail(0, 20); });
    CHECK(s.says_of(1).upto == step.end);
  }
}

namespace {

// Runs until the agent asks a slot which run it has in hand, for at most so many seconds.
void lasts(SessionScenario& s, Duration longest) {
  for (Duration passed{0}; passed < longest && s.curtailed().empty(); passed += beat()) {
    s.passes(beat());
    s.says_of(1);
  }
}

}  // namespace

TEST_CASE("a step of several runs that lasts too long ends with the run in hand, and the rest is kept") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, program(10));
  s.finishes(Value(Int128{1}), 100ms);
  REQUIRE(s.running().range.width() > 30);
  s.passes(beat());
  s.says_of(1);
  CHECK(s.curtailed().empty());
  lasts(s, 60s);
  s.with([](Session& session, Instant) { session.work().curtail(0, 30); });
  const LeaseView view = s.says_of(1);
  CHECK(view.step_end == 30);
  CHECK(view.end == 100);
  s.passes(beat());
  s.says_of(1);
  CHECK(s.curtailed().empty());  // it is asked once
  s.ends_early(30, 5);
  CHECK(s.running().range.begin == 30);
}

TEST_CASE("of a slow step that is asked for as well no more is kept than was asked") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, program(10));
  s.finishes(Value(Int128{1}), 100ms);
  lasts(s, 60s);
  s.ordered({lease(1, {0, 100}, 22)}, program(10));
  s.says_of(1);
  s.with([](Session& session, Instant) { session.work().curtail(0, 20); });
  CHECK(s.says_of(1).end == 30);
}

TEST_CASE("a step that ends early while the agent drains is not gone on with") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, program(10));
  s.finishes(Value(Int128{1}), 100ms);
  s.with([](Session& session, Instant now) { session.drain(now); });
  CHECK(s.says_of(1).end > 30);
  s.ends_early(30, 5);
  CHECK(s.steps() == 0);
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == 30);
  CHECK(view.end == 30);
  s.ordered({});
  s.says<Goodbye>();
}

TEST_CASE("of a step that fails amid its runs the runs before are kept") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 100})}, program(10));
  s.finishes(Value(Int128{1}), 100ms);
  StepResult result = computed(s.running(), Int128{4}, 1s);
  result.upto = 30;
  result.failed = StepResult::FailedRun{40, "exit status 3"};
  s.ends(result);
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == 30);
  CHECK(view.value == Value(Int128{5}));
  CHECK(view.failed_upto == 40);
  CHECK(view.error == "exit status 3");
  CHECK(s.steps() == 0);
}

TEST_CASE("the start of an interpreter is not taken for the pace of its program") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 1000})}, program());
  StepResult first = computed(s.running(), Int128{1}, 30s);
  first.is_typical = false;
  s.ends(first);
  s.passes(beat());
  CHECK(s.says<Beat>().paces.empty());
}

// ---------------------------------------------------------------- several slots a step

TEST_CASE("a step that needs several slots waits for them, and holds them until it is finished") {
  SessionScenario s(3);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide}), lease(2, {wide, 2 * wide})}, program(), 2);
  CHECK(s.steps() == 1);
  CHECK(s.running().slot == 0);
  s.finishes(1);
  CHECK(s.steps() == 1);
  CHECK(s.running().lease == id(1));
}

TEST_CASE("a step that needs more slots than there are is declined") {
  SessionScenario s(3);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})}, program(), 4);
  CHECK(s.steps() == 0);
  CHECK(s.says<Beat>().leases.empty());
}

// ---------------------------------------------------------------- abandoned steps

TEST_CASE("a step whose lease is lost is of no use, which is told once, and its slot is busy until it ends") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})}, program());
  CHECK(s.abandoned().empty());
  s.ordered({lease(2, {wide, 2 * wide}), lease(3, {2 * wide, 3 * wide})}, program());
  CHECK(s.abandoned() == std::vector<std::uint32_t>{0});
  CHECK(s.steps() == 2);
  s.ordered({lease(2, {wide, 2 * wide}), lease(3, {2 * wide, 3 * wide})}, program());
  CHECK(s.abandoned().empty());
  s.ends_early(s.running().range.begin, 0);
  CHECK(s.steps() == 2);
}

TEST_CASE("an agent that hurries abandons its steps") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})}, program());
  s.with([](Session& session, Instant now) { session.drain(now); });
  CHECK(s.abandoned().empty());
  s.with([](Session& session, Instant now) { session.drain_at_once(now); });
  CHECK(s.abandoned() == std::vector<std::uint32_t>{0});
  s.forgets_what_it_said();
}

// ---------------------------------------------------------------- files

TEST_CASE("leases of a job wait for its files") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})}, with_file());
  CHECK(s.steps() == 0);
  REQUIRE(s.session().work().unready_jobs().size() == 1);
  CHECK(s.session().work().unready_jobs()[0]->job == JobId{1});
  s.with([](Session& session, Instant) { session.work().set_ready({1}); });
  CHECK(s.steps() == 1);
  CHECK(s.session().work().unready_jobs().empty());
}

TEST_CASE("where the files cannot be had, what is held fails, and the next lease asks for them again") {
  SessionScenario s;
  s.is_welcomed();
  Program needy = with_file();
  needy.run_width = 10;
  s.ordered({lease(1, {3, 95})}, needy);
  s.with([](Session& session, Instant) { session.work().set_unready({1}, "no file"); });
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == 3);
  CHECK(view.failed_upto == 10);
  CHECK(view.error == "no file");
  CHECK(s.session().work().unready_jobs().empty());
  s.ordered({lease(2, {100, 200})}, needy);
  CHECK(s.session().work().unready_jobs().size() == 1);
  CHECK(s.steps() == 0);
}

// ---------------------------------------------------------------- collected output

TEST_CASE("a run is told only once what it has printed is stored, and the next step does not wait for that") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 30})}, collecting(10));
  s.ends(printed(s, 1, {{{0, 10}, "a"}}, 100ms));
  CHECK(s.running().range.begin == 10);
  s.passes(beat());
  CHECK(s.says_of(1).upto == 0);
  const Range rest = s.ends(printed(s, 2, {{{10, 20}, "b"}, {{20, 30}, "c"}}));
  CHECK(rest == Range{10, 30});
  s.passes(beat());
  CHECK(s.says_of(1).value == std::nullopt);
  s.with([](Session& session, Instant) { session.work().output_is_stored(id(1), 10); });
  s.passes(beat());
  CHECK(s.says_of(1) == LeaseView{id(1), 0, 10, 30, Value(Int128{1}), std::nullopt, std::nullopt});
  s.with([](Session& session, Instant) { session.work().output_is_stored(id(1), 20); });
  CHECK(s.is_quiet());
  s.with([](Session& session, Instant) { session.work().output_is_stored(id(1), 30); });
  CHECK(s.says_of(1) == LeaseView{id(1), 0, 30, 30, Value(Int128{3}), std::nullopt, std::nullopt});
}

TEST_CASE("a failure is told after the runs before it are") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 30})}, collecting(10));
  s.ends(printed(s, 1, {{{0, 10}, "a"}}, 100ms));
  s.fails("exit status 1");
  s.passes(beat());
  CHECK_FALSE(s.says_of(1).failed_upto.has_value());
  s.with([](Session& session, Instant) { session.work().output_is_stored(id(1), 10); });
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == 10);
  CHECK(view.failed_upto == 30);
}

TEST_CASE("an agent whose output nobody stores stops before its memory is full") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 1000})}, collecting(1));
  std::uint64_t runs = 0;
  while (s.steps() > 0) {
    const Range range = s.running().range;
    s.ends(printed(s, 1, {{range, std::string(1 << 24, 'x')}}));
    REQUIRE(++runs < 10);
  }
  CHECK(runs == 4);
  s.with([](Session& session, Instant) { session.work().output_is_stored(id(1), 1); });
  CHECK(s.steps() == 1);
}

TEST_CASE("an agent that owes output says goodbye when it is stored, or when its patience ends") {
  for (const bool is_stored : {true, false}) {
    SessionScenario s;
    s.is_welcomed();
    s.with([](Session& session, Instant now) {
      session.owe_output(true);
      session.drain(now);
    });
    CHECK_FALSE(s.session().ending().has_value());
    if (is_stored) {
      s.with([](Session& session, Instant) { session.owe_output(false); });
    } else {
      s.passes(10s);
    }
    CHECK(s.session().ending() == Ending::drained);
    s.forgets_what_it_said();
  }
}

TEST_CASE("what answers output or brings a file is a word from the head") {
  SessionSettings settings;
  settings.head_timeout = 60s;
  SessionScenario s(1, settings);
  s.is_welcomed();
  for (int i = 0; i < 4; ++i) {
    s.passes(30s);
    if (i % 2 == 0) s.hears(OutputStored{self, 1});
    if (i % 2 == 1) s.hears(FilePart{});
  }
  CHECK_FALSE(s.session().ending().has_value());
  s.forgets_what_it_said();
}

}  // namespace
