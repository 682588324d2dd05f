// Silence while slots are idle: what a silent agent holds is freed sooner than after the lease term.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "common/protocol/limits.h"
#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an idle slot takes over from a silent holder after the tail term, without what was committed") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  s.a->falls_silent();
  s.passes(limits::tail_term_least);
  CHECK(s.b->is_granted_nothing());
  s.passes(limits::pass_pause_quiet);
  const Taken rest = s.b->takes_lease();
  CHECK(rest.begin == 300);
  CHECK(s.row(s.id).leases.expired == 1);
  CHECK_FALSE(s.has_happened(Happening::agent_lost));  // it may still come back
  s.a->loses_what_was_sent();

  SUBCASE("which finds its lease gone, and is given other work") {
    s.a->commits(s.lease, upto(400), value(78));
    CHECK_FALSE(s.a->holds(s.lease));
    CHECK(s.row(s.id).recomputed == 100);
    CHECK(s.job(s.id).value == value(62));
    s.submits(thousand);
    CHECK(s.a->takes_lease().job != s.id);
  }
  SUBCASE("which is lost after the lease term, as ever") {
    s.passes(limits::lease_term);
    CHECK(s.times(Happening::agent_lost) == 1);
    CHECK(s.row(s.id).leases.expired == 1);
  }
  s.b->finishes(rest, 106);
  CHECK(s.job(s.id).value == value(168));
}

TEST_CASE("while no slot is idle a silent agent keeps its leases for the lease term") {
  TwoAgents s;
  s.submits(Range{0, 1'000'000'000'000});  // b is busy with this
  const Taken busy = s.b->takes_lease();
  s.a->falls_silent();
  s.passes(limits::lease_term - 1ms);
  CHECK(s.row(s.id).leases.expired == 0);
  CHECK(s.b->holds(busy));
  s.passes(2ms);
  CHECK(s.row(s.id).leases.expired == 1);
  while (!s.b->is_granted_nothing()) s.b->takes_lease();
}

TEST_CASE("a slot that falls idle late takes over at once from an agent that has long been silent") {
  TwoAgents s;
  const JobId other = s.submits(thousand);
  const Taken busy = s.b->takes_lease();
  REQUIRE(busy.job == other);
  s.a->falls_silent();
  s.passes(limits::tail_term_least + 1s);
  CHECK(s.row(s.id).leases.expired == 0);
  s.b->finishes(busy, 168);
  CHECK(s.b->takes_lease().job == s.id);
  s.a->loses_what_was_sent();
}

TEST_CASE("no more leases are taken from a silent agent than slots are idle") {
  Scenario s;
  auto& a = s.stranger("a").joins(4);
  std::vector<JobId> jobs(4);
  for (JobId& job : jobs) job = s.submits(thousand);
  for (const JobId job : jobs) CHECK(a.takes_lease().job == job);
  const auto expired = [&] {
    std::uint64_t leases = 0;
    for (const JobId job : jobs) leases += s.row(job).leases.expired;
    return leases;
  };
  auto& b = s.stranger("b").joins(2);
  a.falls_silent();
  s.passes(limits::lease_term - 1ms);
  CHECK(expired() == 2);
  a.loses_what_was_sent();
  s.passes(2ms);
  CHECK(expired() == 4);
  for (int i = 0; i < 4; ++i) b.finishes(b.takes_lease(), 168);
}

TEST_CASE("an agent that fell silent while it was idle is given nothing until it is heard") {
  Scenario s;
  auto& a = s.agent("a");
  a.falls_silent();
  s.agent("b").falls_silent();
  s.passes(limits::tail_term_least + 1s);
  const JobId job = s.submits(thousand);
  CHECK(s.spans(job) == "free 0:1000");
  CHECK(a.takes_lease().begin == 0);
}

TEST_CASE("nobody is asked to end earlier for the slots of a silent agent") {
  TwoAgents s({0, 200'000});
  s.measure(0.001, 0.001);
  s.b->falls_silent();
  s.passes(limits::tail_term_least + limits::ask_pause);
  s.a->beats();
  for (int i = 0; i < 10; ++i) {
    s.passes(limits::pass_pause_quiet);
    s.a->beats();
    CHECK_FALSE(s.a->end_asked(s.lease));
  }
}

TEST_CASE("an idle slot takes nothing from a silent agent") {
  TwoAgents s;
  s.a->falls_silent();
  SUBCASE("that was not heard since the head's start") {
    s.restarts_head();
    s.b->beats();
    s.passes(limits::restart_term - 1ms);
  }
  SUBCASE("if its job is paused") {
    s.steers(s.id, Steering::pause);
    s.a->loses_what_was_sent();
    s.passes(limits::lease_term - 1ms);
  }
  SUBCASE("if it could not compute it") {
    s.b->says_goodbye();
    s.stranger("c").knows_only({Kernel::twins}).joins(1);
    s.passes(limits::lease_term - 1ms);
  }
  SUBCASE("if it is silent itself") {
    s.b->falls_silent();
    s.passes(limits::lease_term - 1ms);
  }
  CHECK(s.row(s.id).leases.expired == 0);
}

TEST_CASE("time in which the head stood still is no silence") {
  TwoAgents s;
  s.passes(2s);
  SUBCASE("for longer than the tail term") { s.stands_still(1min); }
  SUBCASE("for a little less, after some real silence") {
    s.a->falls_silent();
    s.passes(3s);
    s.stands_still(4s);
  }
  s.a->falls_silent();
  s.passes(limits::tail_term_least);
  CHECK(s.row(s.id).leases.expired == 0);
  s.passes(limits::tail_term_least);
  CHECK(s.row(s.id).leases.expired == 1);
  s.b->takes_lease();
  s.a->loses_what_was_sent();
}

TEST_CASE("a head that stood still while all slots were busy knows it, too") {
  TwoAgents s;
  s.submits(thousand);
  const Taken busy = s.b->takes_lease();
  s.a->falls_silent();
  s.passes(2s);
  s.stands_still(5s);
  s.b->finishes(busy, 168);
  CHECK(s.b->is_granted_nothing());
  CHECK(s.row(s.id).leases.expired == 0);
}

TEST_CASE("the tail term follows the beats, and is never longer than the lease term") {
  QueueSettings settings;
  Duration term{0};
  SUBCASE("slow beats") {
    settings = {.lease_term = 60s, .beat_interval = 10s};
    term = 3 * settings.beat_interval + limits::tail_margin;
  }
  SUBCASE("a short lease term") {
    settings = {.lease_term = 2s, .beat_interval = 500ms};
    term = 2s;
  }
  Scenario s(settings);
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  a.takes_lease();
  auto& b = s.agent("b");
  a.falls_silent();
  s.passes(term - 1ms);
  CHECK(s.row(job).leases.expired == 0);
  s.passes(1ms + limits::pass_pause_quiet);
  CHECK(s.row(job).leases.expired == 1);
  b.takes_lease();
  if (term < settings.lease_term) a.loses_what_was_sent();
}

}  // namespace
}  // namespace pq::tests
