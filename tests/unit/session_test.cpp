#include "agent/session.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/limits.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"
#include "tests/unit/session_scenario.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

// ---------------------------------------------------------------- hello and beats

TEST_CASE("the head's orders say whether what programs print is held") {
  SessionScenario s;
  s.is_welcomed();
  CHECK_FALSE(s.session().holds_output());
  Orders orders = s.orders({});
  orders.hold_output = true;
  s.hears(orders);
  CHECK(s.session().holds_output());
  s.hears(s.orders({}));
  CHECK_FALSE(s.session().holds_output());
}

TEST_CASE("an agent says hello until it is welcomed, and beats from then on") {
  SessionScenario s;
  CHECK(s.says<Hello>().name == "a");
  s.passes(3s);
  for (int i = 0; i < 3; ++i) CHECK(s.says<Hello>().incarnation == self);
  s.hears(Welcome{{78}});  // to somebody else
  CHECK(s.is_quiet());
  s.hears(Welcome{self});
  CHECK(s.says<Beat>().seq == 1);
  s.hears(Welcome{self});
  CHECK(s.is_quiet());
  s.passes(2 * beat());
  CHECK(s.says<Beat>().seq == 2);
  CHECK(s.says<Beat>().seq == 3);
}

TEST_CASE("the head tells how often to beat") {
  SessionScenario s;
  s.is_welcomed();
  Orders orders = s.orders({});
  orders.beat_ms = 3000;
  s.hears(orders);
  s.passes(beat());
  s.says<Beat>();
  s.passes(2999ms);
  CHECK(s.is_quiet());
  s.passes(1ms);
  s.says<Beat>();
}

TEST_CASE("told to beat more often, an agent begins with its next beat") {
  SessionScenario s;
  s.is_welcomed();
  Orders orders = s.orders({});
  orders.beat_ms = 100;
  s.hears(orders);
  s.passes(99ms);
  CHECK(s.is_quiet());
  s.passes(1ms);
  s.says<Beat>();
}

// Instants of the regular beats of a fleet of sessions that do everything at the same time, within an
// interval.
std::vector<Duration> places_of_beats(int agents, bool are_given_work) {
  std::vector<Duration> places;
  for (int i = 0; i < agents; ++i) {
    const Incarnation incarnation{static_cast<std::uint64_t>(i) *
                                  (~0ULL / static_cast<std::uint64_t>(agents))};
    Instant now{100s};
    SessionSettings settings;
    settings.introduction.name = "a";
    settings.introduction.incarnation = incarnation;
    settings.introduction.slots = 1;
    Session session(settings, now);
    session.next_message(now);
    session.hear(Welcome{incarnation}, now);
    session.next_message(now);
    session.hear(Orders{{9}, 1, 1000, {}, {}, false}, now);
    now = now + 10s;
    while (session.next_message(now)) {
    }
    if (are_given_work) {  // of which they tell, all at once
      session.hear(Orders{{9}, 2, 1000, {lease(1, {0, 8})}, {{{1}, Kernel::primes, Fold::sum}}, false}, now);
      for (const Step& step : session.work().next_steps()) session.finish(computed(step, Int128{1}, 1s));
      CHECK(std::holds_alternative<Beat>(session.next_message(now).value()));
    }
    CHECK(session.next_deadline() <= now + beat());
    places.push_back(session.next_deadline() - now);
  }
  return places;
}

TEST_CASE("agents that have joined together, or are given work together, do not beat together") {
  constexpr int agents = 1000;
  for (const bool are_given_work : {false, true}) {
    CAPTURE(are_given_work);
    std::vector<int> in_tenth(10);
    for (const Duration place : places_of_beats(agents, are_given_work)) {
      REQUIRE(place > 0s);
      ++in_tenth[static_cast<std::size_t>((place - 1ns) * 10 / beat())];
    }
    for (const int beats : in_tenth) CHECK(beats == doctest::Approx(agents / 10).epsilon(0.03));
  }
}

TEST_CASE("a beat that something calls for moves no other, and none is later than an interval") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.passes(300ms);
  s.with([](Session& session, Instant now) { session.reach_head(now); });
  s.says<Beat>();
  s.passes(699ms);
  CHECK(s.is_quiet());
  s.passes(1ms);
  s.says<Beat>();
  s.is_stopped_for(3400ms);  // its places are still where they were
  s.says<Beat>();
  s.passes(599ms);
  CHECK(s.is_quiet());
  s.passes(1ms);
  s.says<Beat>();
}

TEST_CASE("when its link stands again an agent speaks at once") {
  SessionScenario s;
  s.says<Hello>();
  s.passes(300ms);
  s.with([](Session& session, Instant now) { session.reach_head(now); });
  s.says<Hello>();
}

TEST_CASE("told to introduce itself, an agent says hello again and keeps what it holds") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.hears(Refusal{ErrorWord::introduce_yourself, ""});
  s.says<Hello>();
  const Range done = s.finishes(3);
  s.hears(Welcome{self});
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == done.end);
  CHECK(view.value == Value(Int128{3}));
}

TEST_CASE("a replaced agent ends, and so does one that is refused") {
  for (const auto& [word, ending] :
       {std::pair(ErrorWord::replaced, Ending::replaced), std::pair(ErrorWord::not_allowed, Ending::refused),
        std::pair(ErrorWord::unsupported_version, Ending::refused)}) {
    SessionScenario s;
    s.is_welcomed();
    s.ordered({lease(1, {0, wide})});
    s.hears(Refusal{word, "a"});
    CHECK(s.session().ending() == ending);
    CHECK(s.session().ending_detail().find(": a; ") != std::string::npos);
  }
}

// ---------------------------------------------------------------- leases and commits

TEST_CASE("a new lease starts a step on each idle slot at once, and is told with the next regular beat") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {10, wide}), lease(2, {wide, 2 * wide})});
  CHECK(s.steps() == 2);
  CHECK(s.running().lease == id(1));
  CHECK(s.running().range.begin == 10);
  CHECK(s.running().slot == 0);
  CHECK(s.is_quiet());
  s.passes(beat());
  const Beat said = s.says<Beat>();
  CHECK(said.orders_seen == 1);
  CHECK(said.epoch == Epoch{9});
  REQUIRE(said.leases.size() == 2);
  CHECK(said.leases[0] == LeaseView{id(1), 10, 10, wide, std::nullopt, std::nullopt, std::nullopt, false,
                                    said.leases[0].step_end});
  CHECK(said.leases[0].step_end > 10);
}

TEST_CASE("of more leases than slots the later ones wait until a slot is free") {
  SessionScenario s(1);
  s.is_welcomed();
  s.ordered({lease(1, {0, 100}), lease(2, {100, 200}), lease(3, {200, 300})});
  CHECK(s.steps() == 1);
  CHECK(s.finishes(1) == Range{0, 100});
  s.says<Beat>();
  CHECK(s.finishes(1) == Range{100, 200});
  s.says<Beat>();
  CHECK(s.finishes(1) == Range{200, 300});
  s.says<Beat>();
  CHECK(s.steps() == 0);
}

TEST_CASE("commits are cumulative and repeated until the head no longer lists the lease") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.finishes(5);
  const Range second = s.finishes(7);
  CHECK(s.is_quiet());  // the lease goes on: its commit waits for the beat
  for (int i = 0; i < 3; ++i) {
    s.passes(beat());
    const LeaseView view = s.says_of(1);
    CHECK(view.begin == 0);
    CHECK(view.upto == second.end);
    CHECK(view.value == Value(Int128{12}));
  }
}

TEST_CASE("the end of a lease is told at once, and again with each beat until the head has heard it") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, 50})});
  s.finishes(15);
  CHECK(s.says_of(1) == LeaseView{id(1), 0, 50, 50, Value(Int128{15}), std::nullopt, std::nullopt});
  s.ordered({lease(1, {0, 50})});  // crossed on the way
  CHECK(s.steps() == 0);
  s.passes(beat());
  CHECK(s.says_of(1).upto == 50);
  s.ordered({});
  s.passes(beat());
  CHECK(s.says<Beat>().leases.empty());
}

TEST_CASE("old orders are ignored, those of another head are not") {
  SessionScenario s;
  s.is_welcomed();
  const Orders old = s.orders({});
  s.ordered({lease(1, {0, wide})});
  s.hears(old);
  CHECK(s.session().work().leases() == 1);
  s.meets_another_head();
  s.ordered({});
  CHECK(s.session().work().leases() == 0);
}

TEST_CASE("a lease is of a job that its own head has told of, not of an earlier head's with that number") {
  SessionScenario s;
  s.is_welcomed();
  const Orders late = s.orders({}, Fold::max);
  s.meets_another_head();
  s.ordered({});
  s.hears(late);
  Orders untold = s.orders({lease(1, {0, wide})});
  untold.jobs.clear();
  s.hears(untold);
  CHECK(s.session().work().leases() == 0);
  CHECK(s.says<Beat>().orders_seen == untold.number);  // at once, so that the head tells of the job
  s.ordered({lease(2, {0, wide})});
  CHECK(s.running().order->fold == Fold::sum);
}

TEST_CASE("a head that was started again need not tell of jobs whose leases are held") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.meets_another_head();
  Orders again = s.orders({lease(1, {0, wide}), lease(2, {wide, 2 * wide})});
  again.jobs.clear();
  s.hears(again);
  CHECK(s.session().work().leases() == 2);
}

TEST_CASE("a lease that is not listed is dropped, and its step's result does not count") {
  SessionScenario s(1);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.ordered({lease(2, {wide, 2 * wide})});
  CHECK(s.steps() == 1);  // the slot is still busy with the lost one
  s.finishes(1000);
  CHECK(s.running().lease == id(2));
  s.passes(beat());
  const Beat said = s.says<Beat>();
  REQUIRE(said.leases.size() == 1);
  CHECK(said.leases[0].lease == id(2));
  CHECK(said.leases[0].value == std::nullopt);
}

TEST_CASE("a lease that was lost and is listed again starts anew, without the step of its former time") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.finishes(5);
  s.meets_another_head();
  s.ordered({});
  s.meets_another_head();
  s.ordered({lease(1, {0, wide})});
  CHECK(s.steps() == 2);
  const Range former = s.finishes(1000);
  CHECK(former.begin > 0);
  CHECK(s.finishes(5).begin == 0);
  s.passes(beat());
  const LeaseView view = s.says_of(1);
  CHECK(view.upto < former.end);
  CHECK(view.value == Value(Int128{5}));
}

TEST_CASE("folds join the values of steps as the job says") {
  for (const auto& [how, value] : {std::pair(Fold::sum, std::optional<Value>(Int128{2})),
                                   std::pair(Fold::min, std::optional<Value>(Int128{-5})),
                                   std::pair(Fold::max, std::optional<Value>(Int128{7})),
                                   std::pair(Fold::none, std::optional<Value>())}) {
    SessionScenario s;
    s.is_welcomed();
    s.ordered({lease(1, {0, wide})}, how);
    s.finishes(7);
    const Range second = s.finishes(-5);
    s.passes(beat());
    const LeaseView view = s.says_of(1);
    CHECK(view.value == value);
    CHECK(view.upto == second.end);
  }
}

// ---------------------------------------------------------------- failures

TEST_CASE("a step that the program refuses is told at once with its last words, and the lease stops there") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  const Range good = s.finishes(4);
  const Range bad = s.fails(std::string(1000, 'x'));
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == good.end);
  CHECK(view.value == Value(Int128{4}));
  CHECK(view.failed_upto == bad.end);
  CHECK(view.error == std::string(limits::error_bytes_max, 'x'));
  CHECK(s.steps() == 0);
  s.passes(beat());
  CHECK(s.says_of(1).failed_upto == bad.end);
}

TEST_CASE("what passes 128 bits, or is no double, is summed up all the same") {
  const auto sum_of = [](const Value& first, const Value& second) {
    SessionScenario s;
    s.is_welcomed();
    s.ordered({lease(1, {0, wide})});
    s.finishes(first);
    const Range last = s.finishes(second);
    s.passes(beat());
    const LeaseView view = s.says_of(1);
    CHECK(view.upto == last.end);
    return view.value;
  };
  CHECK(sum_of(int128_max, Int128{1}) == fold(Fold::sum, int128_max, Int128{1}));
  CHECK(sum_of(1e16, 1.0) == fold(Fold::sum, 1e16, 1.0));
}

// ---------------------------------------------------------------- asked to end earlier

TEST_CASE("asked to end earlier, an agent answers at once and ends there, but not before its running step") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  const std::uint64_t step_end = s.running().range.end;

  s.ordered({lease(1, {0, wide}, 10 * step_end)});
  CHECK(s.says_of(1).end == 10 * step_end);
  s.ordered({lease(1, {0, wide}, 5)});
  CHECK(s.says_of(1).end == step_end);
  s.ordered({lease(1, {0, wide}, 20 * step_end)});  // never raised again
  CHECK(s.says_of(1).end == step_end);
  s.ordered({lease(1, {0, wide})});
  s.finishes(1);
  const LeaseView view = s.says_of(1);
  CHECK(view.upto == step_end);
  CHECK(view.end == step_end);
  CHECK(s.steps() == 0);
}

TEST_CASE("a lease that waits for a slot can be given back as a whole") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide}), lease(2, {wide, 2 * wide}, 0)});
  const LeaseView view = s.says_of(2);
  CHECK(view.end == view.begin);
  CHECK(view.upto == view.begin);
}

}  // namespace
