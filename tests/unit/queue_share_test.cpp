// Jobs that share slots: who waits for a step, who is asked to leave, and when nobody is asked anything.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/workshop.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// ---------------------------------------------------------------- equals

TEST_CASE("a job that comes late has its share of the slots after one step, and then nobody is asked") {
  Workshop s;
  s.slots("a", 4);
  const JobId first = s.submits_measured(endless_of(0));
  s.works(100);
  CHECK(s.asked == 0);
  const JobId late = s.submits_measured(endless_of(0));
  CHECK(s.leaving(first) == 2);  // in the same turn
  s.works(1);
  CHECK(s.asked == 2);
  CHECK(s.active(first) == 2);
  CHECK(s.active(late) == 2);
  s.works(200);
  CHECK(s.asked == 2);
  CHECK(s.active(first) == 2);
  CHECK(s.active(late) == 2);
}

TEST_CASE("a lease that is asked to make room ends with its present step, the longest first") {
  Workshop s;
  auto& a = s.slots("a", 2);
  const JobId first = s.submits_measured(endless_of(0));
  s.works(3);
  const Beat before = a.beat();
  REQUIRE(before.leases.size() == 2);
  const bool is_first_longer =
      before.leases[0].end - before.leases[0].upto >= before.leases[1].end - before.leases[1].upto;
  const LeaseView& longest = before.leases[is_first_longer ? 0 : 1];
  s.submits_measured(endless_of(0));
  CHECK(s.leaving(first) == 1);
  a.beats();
  CHECK(s.queue().leases().find(longest.lease)->leaving);
}

TEST_CASE("on one slot two jobs take turns") {
  Workshop s;
  s.slots("a", 1);
  const JobId first = s.submits_measured(endless_of(0));
  s.works(30);
  const double alone_s = s.served_s[first];
  const JobId late = s.submits_measured(endless_of(0));
  CHECK(s.leaving(first) == 1);
  s.works(1);
  CHECK(s.active(late) == 1);  // it waited for no more than a step
  CHECK(s.asked == 1);
  s.passes(limits::share_quantum - 1100ms);
  CHECK(s.leaving(late) == 0);
  s.works(200);
  CHECK(s.served_s[first] - alone_s == doctest::Approx(100).epsilon(0.05));
  CHECK(s.served_s[late] == doctest::Approx(100).epsilon(0.05));
  CHECK(s.asked < 105);  // turns are no shorter than a quantum
  CHECK(s.asked > 30);
}

TEST_CASE("the odd slot goes round") {
  Workshop s;
  std::size_t count = 0;
  SUBCASE("of three slots between two jobs") {
    s.slots("a", 3);
    count = 2;
  }
  SUBCASE("of seven slots on three agents between five jobs") {
    s.slots("a", 3);
    s.slots("b", 2);
    s.slots("c", 2);
    count = 5;
  }
  SUBCASE("of four slots among thirty jobs") {
    s.slots("a", 4);
    count = 30;
  }
  std::vector<JobId> jobs(count);
  double slots = 0;
  for (ScriptedAgent* agent : s.agents) slots += agent->introduction().slots;
  for (JobId& job : jobs) job = s.submits_measured(endless_of(0));
  const int steps = 200;
  s.works(steps);
  const double share_s = steps * slots / static_cast<double>(jobs.size());
  for (const JobId job : jobs)
    CHECK(std::abs(s.served_s[job] - share_s) <= 0.05 * share_s + 3 * seconds(limits::share_quantum));
  CHECK(static_cast<double>(s.asked) <= steps * slots / seconds(limits::share_quantum));
}

TEST_CASE("a job that was paused for long does not make the others wait for as long") {
  Workshop s;
  s.slots("a", 1);
  std::vector<JobId> jobs(3);
  for (JobId& job : jobs) job = s.submits_measured(endless_of(0));
  s.works(12);
  s.steers(jobs[0], Steering::pause);
  s.works(300);
  s.steers(jobs[0], Steering::resume);
  s.served_s.clear();
  s.works(60);
  for (const JobId job : jobs) CHECK(s.served_s[job] > 12);
}

TEST_CASE("a job alone is asked nothing, and wakes nobody") {
  Workshop s;
  s.steers(s.submits(endless), Steering::pause);
  s.slots("a", 3);
  s.submits_measured(endless_of(0));
  s.works(100);
  CHECK(s.asked == 0);
  CHECK(s.queue().next_deadline() - s.now().instant >= limits::head_looks_up);
}

// ---------------------------------------------------------------- priority

TEST_CASE("a higher priority takes all slots within a step, and gives none back") {
  Workshop s;
  s.slots("a", 3);
  s.slots("b", 2);
  const JobId low = s.submits_measured(endless_of(0));
  s.works(20);
  JobId high;
  SUBCASE("when it is submitted") { high = s.submits_measured(endless_of(1)); }
  SUBCASE("when it is raised") {
    high = s.submits_measured(endless_of(-1));
    s.works(10);
    CHECK(s.asked == 0);  // a lower one asks for nothing
    s.asks(Reprioritize{high, 1});
  }
  SUBCASE("when it is resumed") {
    const Kernel unknown = Kernel::primes;
    JobSpec spec = endless_of(1, unknown);
    high = s.submits(spec);
    s.steers(high, Steering::pause);
    s.works(3);
    CHECK(s.active(low) == 5);
    s.steers(high, Steering::resume);
    for (ScriptedAgent* agent : s.agents) agent->measures(high, integer_s);
  }
  CHECK(s.leaving(low) == 5);
  s.works(1);
  CHECK(s.active(high) == 5);
  CHECK(s.shares_of(low).leases == 0);
  const std::size_t asked = s.asked;
  s.works(50);
  CHECK(s.asked == asked);
  CHECK(s.active(high) == 5);
}

TEST_CASE("who comes right after another waits no longer for that") {
  Workshop s;
  s.slots("a", 4);
  const JobId low = s.submits_measured(endless_of(0));
  s.works(5);
  s.submits(endless_of(0));
  CHECK(s.leaving(low) == 2);
  s.passes(limits::pass_pause + 1ms);
  s.submits(endless_of(1));
  CHECK(s.leaving(low) == 4);
  s.agents[0]->reads();
}

TEST_CASE("a short job asks for no more slots than it has work for") {
  Workshop s;
  s.slots("a", 60);
  const JobId low = s.submits_measured(endless_of(0));
  s.works(3);
  JobSpec spec = endless_of(1);
  ScriptedAgent& a = *s.agents[0];
  SUBCASE("one of 2 ms: for one") {
    spec.range = {0, 20'000'000};
    s.submits(spec);
    CHECK(s.leaving(low) == 1);
    s.passes(900ms);
    CHECK(s.leaving(low) == 1);  // while it leaves, no other is asked
  }
  SUBCASE("a hundred of 2 ms: together for one") {
    spec.range = {0, 20'000'000};
    for (int i = 0; i < 100; ++i) s.submits(spec);
    s.passes(900ms);
    CHECK(s.leaving(low) == 1);
  }
  SUBCASE("one of ten seconds: for about ten") {
    spec.range = {0, 100'000'000'000};
    const double work_s =
        expected_cost(Kernel::primes, 0).per_integer_s * static_cast<double>(spec.range.width());
    s.submits(spec);
    CHECK(s.leaving(low) == static_cast<std::size_t>(std::ceil(work_s)));
    s.passes(900ms);
    CHECK(s.leaving(low) == static_cast<std::size_t>(std::ceil(work_s)));
  }
  a.reads();
}

// ---------------------------------------------------------------- who can be asked

TEST_CASE("only an agent that can compute for the one who waits is asked") {
  Workshop s;
  s.agents.push_back(&s.stranger("a").knows_only({Kernel::primes}).joins(2));
  auto& b = s.slots("b", 2);
  const JobId primes = s.submits_measured(endless_of(0));
  s.works(5);
  const JobId twins = s.submits(endless_of(0, Kernel::twins));
  CHECK(s.leaving(primes) == 2);
  for (const auto& [id, lease] : s.queue().leases().all())
    CHECK(lease.leaving == (s.queue().roster().at(lease.agent).row.name == b.name()));
  b.measures(twins, integer_s);
  s.works(20);
  CHECK(s.active(twins) == 2);
  CHECK(s.active(primes) == 2);
  CHECK(s.asked == 2);
}

TEST_CASE("an agent on which the waiting work has failed is not asked, another is") {
  Workshop s;
  auto& a = s.agent("a");
  const JobId failing = s.submits(Range{0, 1000});
  a.fails(a.takes_lease(), upto(1000), "boom");  // and is tried again there, as there is no other
  const Taken again = a.takes_lease();
  const JobId endless_job = s.submits(endless);
  s.stranger("b").measures(endless_job, integer_s);
  s.slots("b", 1);
  s.works(1);
  REQUIRE(s.active(endless_job) == 1);
  a.measures(endless_job, integer_s);
  a.fails(again, upto(1000), "boom");
  const Taken longest = a.takes_lease();
  CHECK(longest.end - longest.begin > 59 * step);
  CHECK(s.leaving(endless_job) == 1);  // for both halves of what failed: they are short
  for (const auto& [id, lease] : s.queue().leases().all())
    CHECK(lease.leaving == (s.queue().roster().at(lease.agent).row.name == "b"));
  CHECK(s.row(failing).state == JobState::running);
  s.agents[0]->reads();
}

TEST_CASE("a silent agent is not asked: its slots are promised to nobody") {
  Workshop s;
  auto& silent = s.slots("a", 2);
  s.slots("b", 2);
  const JobId low = s.submits_measured(endless_of(0));
  s.works(3);
  silent.falls_silent();
  s.agents.erase(s.agents.begin());
  s.works(6);  // more than the tail term, but no slot is idle
  CHECK(s.row(low).leases.expired == 0);
  const JobId high = s.submits_measured(endless_of(1));
  s.works(1);
  CHECK(s.active(high) == 2);
  CHECK(s.active(low) == 2);
  CHECK(s.leaving(low) == 0);
}

TEST_CASE("a lease that was asked to be split is asked again for the lower end") {
  TwoAgents s({0, 200'000});
  s.measure(0.001, 0.001);
  s.passes(limits::pass_pause);
  s.a->reads();
  REQUIRE(*s.a->end_asked(s.lease) > 50'000);
  s.b->says_goodbye();
  s.submits(endless_of(1));
  s.a->reads();
  CHECK(s.a->end_asked(s.lease) == 0);
}

TEST_CASE("a slot that a paused job leaves goes to the next in line") {
  Workshop s;
  s.slots("a", 2);
  const JobId first = s.submits_measured(endless_of(0));
  s.works(2);
  s.steers(first, Steering::pause);
  CHECK(s.leaving(first) == 2);
  const JobId other = s.submits_measured(endless_of(0));
  s.works(1);
  CHECK(s.active(other) == 2);
  CHECK(s.shares_of(first).leases == 0);
  s.steers(first, Steering::resume);
  s.works(1);
  CHECK(s.active(first) == 1);
  CHECK(s.active(other) == 1);
}

TEST_CASE("a restarted head still wants a paused job's leases to end") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(endless);
  const Taken lease = a.takes_lease();
  s.steers(job, Steering::pause);
  a.loses_what_was_sent();
  s.restarts_head();
  a.beats();
  CHECK(a.end_asked(lease) == 0);
}

}  // namespace
}  // namespace pq::tests
