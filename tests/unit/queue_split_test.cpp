// Leases that are shortened while they run: asked for, agreed to, and only then free.
#include <doctest/doctest.h>

#include <optional>

#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a slot with nothing to do has the longest lease split, once its holder agrees") {
  TwoAgents s({0, 20'000});
  s.measure(0.001, 0.001);
  s.passes(limits::pass_pause);
  s.a->reads();
  CHECK(s.a->end_asked(s.lease) == 10'010);       // 20 integers are computed by now, and half of the rest
  CHECK(s.spans(s.id) == "leased 0:20000 at 0");  // nothing is free before the holder has agreed
  CHECK(s.b->is_granted_nothing());

  SUBCASE("where it was asked") {
    s.a->ends_earlier(s.lease, 10'010);
    CHECK(s.b->takes_lease().begin == 10'010);
    CHECK(s.row(s.id).leases.yielded == 1);
    s.a->commits(s.lease, upto(10'010), value(1230));
    CHECK_FALSE(s.a->holds(s.lease));
    CHECK(s.a->takes_lease().begin > 10'010);
  }
  SUBCASE("at a later point, where its present step ends") {
    s.a->ends_earlier(s.lease, 12'345);
    CHECK(s.b->takes_lease().begin == 12'345);
  }
  SUBCASE("or it goes on to the end") {
    s.a->beats();
    CHECK_FALSE(s.a->end_asked(s.lease));  // it has been asked, and has answered
    CHECK(s.b->is_granted_nothing());
    s.a->finishes(s.lease, 2262);
    CHECK(s.job(s.id).state == JobState::done);
    CHECK(s.row(s.id).leases.yielded == 0);
  }
}

TEST_CASE("a request to end earlier is repeated until it is seen") {
  TwoAgents s({0, 20'000});
  s.measure(0.001, 0.001);
  s.a->falls_silent();
  s.passes(limits::pass_pause);
  s.a->loses_what_was_sent();
  s.passes(3s);
  s.a->beats();
  CHECK(s.a->end_asked(s.lease) == 10'010);  // still the same one: one request at a time
  s.a->beats();
  CHECK_FALSE(s.a->end_asked(s.lease));
}

TEST_CASE("a holder that cannot end earlier is asked again, but not at once") {
  TwoAgents s({0, 200'000});
  s.measure(0.001, 0.001);
  s.passes(limits::pass_pause);
  s.a->reads();
  CHECK(s.a->end_asked(s.lease));
  s.a->beats();
  s.passes(limits::ask_pause / 2);
  CHECK_FALSE(s.a->end_asked(s.lease));
  s.passes(limits::ask_pause);
  s.a->reads();
  CHECK(s.a->end_asked(s.lease));
}

TEST_CASE("what is left of a lease is not split below two steps") {
  TwoAgents s({0, 1900});
  s.measure(0.001, 0.001);
  s.passes(100ms);
  CHECK_FALSE(s.a->end_asked(s.lease));
  CHECK(s.b->is_granted_nothing());
}

TEST_CASE("a slow holder keeps less than a fast newcomer gets") {
  TwoAgents s({0, 100'000});
  s.measure(0.001, 0.000'25);
  s.passes(limits::pass_pause);
  s.a->reads();
  CHECK(s.a->end_asked(s.lease) == 20'016);
}

TEST_CASE("where a holder is by now is reckoned from its last commit") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(Range{0, 100'000});
  const Taken lease = a.takes_lease();
  a.measures(job, 0.001);
  s.passes(10s);
  a.commits(lease, upto(10'000), value(1229));
  s.stranger("b").measures(job, 0.001);
  s.stranger("b").joins(1);
  a.reads();
  CHECK(a.end_asked(lease) == 55'000);
}

TEST_CASE("a holder that stays in one step is taken to be slower, and to keep less of what follows it") {
  TwoAgents s({0, 30'000});
  s.measure(0.001, 0.001);
  s.passes(20s);  // a beats, but tells of no progress
  std::optional<std::uint64_t> asked;
  for (int i = 0; i < 6 && !asked; ++i) {
    s.passes(limits::pass_pause_quiet);
    s.a->beats();
    asked = s.a->end_asked(s.lease);
  }
  REQUIRE(asked);
  CHECK(*asked > 1000);
  CHECK(*asked < 4000);  // of 29 000 after its present step, ten times slower than b
}

TEST_CASE("while nothing is worth a split the leases are looked through less often") {
  TwoAgents s({0, 1900});
  s.measure(0.001, 0.001);
  s.passes(1100ms);
  const Duration pause = s.queue().next_deadline() - s.now().instant;
  CHECK(pause > limits::pass_pause);
  CHECK(pause <= limits::pass_pause_quiet);
  s.agent("c");  // another idle slot: news
  s.passes(limits::pass_pause);
  CHECK(s.queue().next_deadline() - s.now().instant > limits::pass_pause);
}

TEST_CASE("a slot that has just fallen idle is served at once, however little there was to do before") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(Range{0, 20'000});
  const Taken lease = a.takes_lease();
  auto& twins = s.stranger("twins only").knows_only({Kernel::twins}).joins(1);
  a.measures(job, 0.001);
  a.beats();
  s.passes(3100ms);  // the twins' agent cannot take it
  REQUIRE(s.queue().next_deadline() - s.now().instant > limits::pass_pause);
  s.agent("b");
  a.reads();
  CHECK(a.end_asked(lease));
  CHECK(twins.is_granted_nothing());
}

TEST_CASE("a paused job's leases are not split") {
  TwoAgents s({0, 20'000});
  s.measure(0.001, 0.001);
  s.steers(s.id, Steering::pause);
  s.a->reads();
  CHECK(s.a->end_asked(s.lease) == 0);
  s.a->beats();
  for (int i = 0; i < 6; ++i) {
    s.passes(500ms);
    CHECK_FALSE(s.a->end_asked(s.lease));
  }
}

}  // namespace
}  // namespace pq::tests
