// Leases between the head and its agents: granted, committed, lost, given back, misused. How they are
// shortened is in queue_split_test.cpp, who gets what in queue_work_test.cpp, restarts in
// queue_restart_test.cpp, and clients in queue_clients_test.cpp.
#include "daemon/core/queue.h"

#include <doctest/doctest.h>

#include "daemon/core/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a lease that is committed to its end is a job done") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  CHECK(s.job(job).state == JobState::running);
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(300), value(62));
  CHECK(s.job(job).done == 300);
  CHECK(s.job(job).value == value(62));
  a.finishes(lease, 168);
  CHECK_FALSE(a.holds(lease));
  CHECK(s.job(job).state == JobState::done);
  CHECK(s.job(job).value == value(168));
  CHECK_FALSE(s.job(job).error);
}

TEST_CASE("a silent agent's lease goes to the next agent, without what was committed") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  a.commits(a.takes_lease(), upto(300), value(62));
  a.falls_silent();
  s.passes(limits::lease_term - 1ms);
  CHECK(s.spans(job) == "leased 0:1000 at 300 = 62");
  s.passes(1ms);
  CHECK(s.spans(job) == "done 0:300 = 62, free 300:1000");
  CHECK(s.row(job).leases.expired == 1);
  CHECK(s.has_happened(Happening::agent_lost));
  CHECK(s.agent("b").takes_lease().begin == 300);
}

TEST_CASE("a head that stood still itself gives the agents that time to be heard") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  s.stands_still(1min);
  CHECK(s.row(s.id).leases.expired == 0);
  s.a->commits(s.lease, upto(400), value(80));
  CHECK(s.job(s.id).done == 400);
  s.a->falls_silent();
  s.passes(limits::lease_term + 1ms);
  CHECK(s.b->takes_lease().begin == 400);
  s.a->loses_what_was_sent();
}

TEST_CASE("an agent that is heard as soon as the head goes on has a term from then, and no more") {
  TwoAgents s;
  s.stands_still_until_it_hears(1h);
  s.a->commits(s.lease, upto(400), value(80));
  CHECK(s.row(s.id).leases.expired == 0);
  s.a->falls_silent();
  s.passes(limits::lease_term + 1ms);
  CHECK(s.b->takes_lease().begin == 400);
  s.a->loses_what_was_sent();
}

TEST_CASE("an agent that was silent finds its lease gone, and its late commit is refused and counted once") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  s.a->falls_silent();
  s.passes(limits::lease_term + 1ms);
  const Taken rest = s.b->takes_lease();
  s.a->commits(s.lease, upto(400), value(78));
  CHECK_FALSE(s.a->holds(s.lease));
  CHECK(s.row(s.id).recomputed == 100);
  s.a->commits(s.lease, upto(400), value(78));
  CHECK(s.row(s.id).recomputed == 100);
  s.a->commits(s.lease, upto(450), value(87));
  CHECK(s.row(s.id).recomputed == 150);
  s.a->commits(s.lease, upto(1'000'000), value(99));  // nobody has computed more of it than there was
  CHECK(s.row(s.id).recomputed == 700);
  CHECK(s.job(s.id).value == value(62));
  s.b->finishes(rest, 106);
  CHECK(s.job(s.id).value == value(168));
}

TEST_CASE("a beat renews every lease of its agent, also without progress") {
  TwoAgents s;
  s.passes(10 * limits::lease_term);
  CHECK(s.row(s.id).leases.expired == 0);
  CHECK(s.a->holds(s.lease));
  CHECK(s.b->takes_lease().begin == s.lease.begin);  // a copy: nobody can tell when that step ends
}

TEST_CASE("a beat with an old number is ignored") {
  TwoAgents s;
  Beat late = s.a->beat();
  late.leases[0].upto = 300;
  late.leases[0].value = value(62);
  s.a->beats();
  const std::uint64_t orders = s.a->orders().number;
  s.a->says(late);
  s.a->says(late);
  CHECK(s.spans(s.id) == "leased 0:1000 at 0");
  CHECK(s.a->orders().number == orders);  // and not answered
}

TEST_CASE("a newer process takes an agent's place; the older one is told so and gets nothing") {
  TwoAgents s;
  s.b->falls_silent();
  s.passes(limits::lease_term + 1ms);  // b is gone
  s.a->commits(s.lease, upto(300), value(62));
  auto& newer = s.another_process_of("a").joins(1);
  CHECK(newer.takes_lease().begin == 300);
  CHECK(s.times(Happening::agent_replaced) == 1);
  CHECK(s.row(s.id).leases.expired == 1);

  s.a->commits(s.lease, upto(400), value(78));
  CHECK(s.a->takes_refusal()->word == ErrorWord::replaced);
  s.a->send(s.a->introduction());
  CHECK(s.a->takes_refusal()->word == ErrorWord::replaced);
  newer.beats();
  CHECK(newer.leases() == 1);
  CHECK(s.spans(s.id) == "done 0:300 = 62, leased 300:1000 at 300");
}

TEST_CASE("an agent that the head does not know is asked to introduce itself") {
  Scenario s;
  auto& a = s.stranger("a");
  a.beats();
  CHECK(a.takes_refusal()->word == ErrorWord::introduce_yourself);
  a.joins(1);
  CHECK_FALSE(a.takes_refusal());
}

TEST_CASE("the same agent over a new connection keeps what it holds") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  s.a->reconnects();
  s.a->send(s.a->introduction());  // it may also say hello again
  s.a->commits(s.lease, upto(400), value(78));
  CHECK(s.a->holds(s.lease));
  CHECK(s.spans(s.id) == "leased 0:1000 at 400 = 78");
}

TEST_CASE("orders that were not seen are repeated with the next answer") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  a.loses_what_was_sent();
  CHECK(s.row(job).leases.granted == 1);
  const Taken lease = a.takes_lease();
  CHECK(a.orders().jobs == std::vector{JobOrder{job, Kernel::primes, Fold::sum}});
  CHECK(s.row(job).leases.granted == 1);
  a.beats();
  CHECK(a.orders().jobs.empty());  // an agent that has met the job is not told of it again
  CHECK(a.holds(lease));
}

TEST_CASE("a granted lease that was seen and is not listed is free again") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  a.drops(lease);
  const Taken again = a.takes_lease();
  CHECK(again.id != lease.id);
  CHECK(again.begin == 0);
  CHECK(s.row(job).leases.granted == 2);
  CHECK(s.row(job).leases.expired == 0);
}

TEST_CASE("what was committed under a lease stays when it is listed no more") {
  TwoAgents s;
  s.b->starts_to_drain();
  s.a->commits(s.lease, upto(300), value(62));
  s.a->drops(s.lease);
  CHECK(s.a->takes_lease().begin == 300);
  CHECK(s.job(s.id).value == value(62));
}

// ---------------------------------------------------------------- leaving

TEST_CASE("an agent whose key is revoked is told so, and its leases are free at once") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  s.a->falls_silent();
  CHECK(s.queue().agents_of(s.a->sender().public_key) == 1);
  s.revokes_key_of(*s.a);
  s.a->reads();
  REQUIRE(s.a->takes_refusal()->word == ErrorWord::key_revoked);
  CHECK(s.b->takes_lease().begin == 300);
  CHECK(s.queue().agents_of(s.a->sender().public_key) == 0);
  CHECK(s.times(Happening::agent_lost) == 1);
  s.revokes_key_of(*s.a);  // there is nobody left to tell
  CHECK(s.times(Happening::agent_lost) == 1);
}

TEST_CASE("an agent whose notice is taken back gets work again") {
  Scenario s;
  auto& a = s.agent("a");
  const Notice notice{NoticeKind::interruption, "EC2 Spot: terminate", 1000};
  const auto says_that_it_is_warned = [&]() -> const Orders& {
    Beat warned = a.beat();
    warned.draining = true;
    warned.notice = notice;
    warned.notice_errors = 2;
    return a.says(warned);
  };
  says_that_it_is_warned();
  const JobId job = s.submits(thousand);
  CHECK(says_that_it_is_warned().leases.empty());
  const AgentReport told = std::get<AgentsReport>(s.asks(AskAgents{})).agents.at(0);
  CHECK(told.state == AgentState::draining);
  CHECK(told.notice == notice);
  CHECK(told.notice_errors == 2);
  CHECK(s.times(Happening::agent_warned) == 1);
  a.beats();
  CHECK(s.times(Happening::agent_resumes) == 1);
  CHECK(a.takes_lease().job == job);
}

TEST_CASE("an agent that drains gives back what it has not begun, and gets nothing new") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  s.a->starts_to_drain();
  CHECK(s.a->leases() == 0);
  CHECK(s.b->takes_lease().begin == 300);
  CHECK(s.row(s.id).leases.yielded == 1);
  CHECK(s.times(Happening::agent_drains) == 1);
  s.submits(thousand);
  CHECK(s.a->is_granted_nothing());
  s.a->says_goodbye();
  s.b->reads();  // the second job waits for its slot
}

TEST_CASE("a lease that is given back in two parts has yielded once") {
  TwoAgents s;
  s.a->ends_earlier(s.lease, 800);
  CHECK(s.b->takes_lease().begin == 800);
  s.b->beats();
  s.a->ends_earlier(s.lease, 500);
  CHECK(s.row(s.id).leases.yielded == 1);
}

TEST_CASE("a goodbye frees all at once and is no loss") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  s.a->says_goodbye();
  CHECK(s.b->takes_lease().begin == 300);
  CHECK(s.times(Happening::agent_left) == 1);
  CHECK(s.row(s.id).leases.expired == 0);
  s.a->send(Goodbye{"a", s.a->introduction().incarnation});  // again: nothing happens
  CHECK(s.times(Happening::agent_left) == 1);
}

TEST_CASE("an agent that was silent for long and says goodbye is still listed as gone") {
  Scenario s(QueueSettings{.lease_term = 3h});
  auto& a = s.agent("a");
  s.submits(thousand);
  a.takes_lease();
  a.falls_silent();
  s.passes(3h - 1s);
  a.says_goodbye();
  s.passes(2s);
  const auto agents = std::get<AgentsReport>(s.asks(AskAgents{})).agents;
  REQUIRE(agents.size() == 1);
  CHECK(agents[0].state == AgentState::gone);
}

TEST_CASE("a hello that comes after its goodbye, late, brings nobody back") {
  Scenario s;
  ScriptedAgent& a = s.agent("a");
  a.says_goodbye();
  a.send(a.introduction());
  const JobId job = s.submits(Range{0, 1000});
  CHECK(s.row(job).leases.granted == 0);  // nobody is there to compute it
}

TEST_CASE("a goodbye of an older process or of a stranger changes nothing") {
  TwoAgents s;
  s.a->send(Goodbye{"a", {99}});
  s.a->send(Goodbye{"z", s.a->introduction().incarnation});
  s.a->beats();
  CHECK(s.a->holds(s.lease));
}

TEST_CASE("an agent that has been gone for long is forgotten, and may introduce itself again") {
  TwoAgents s;
  s.a->says_goodbye();
  s.b->finishes(s.b->takes_lease(), 168);
  s.passes(limits::gone_agent_kept + 2 * limits::lease_term);
  CHECK(s.stored().agents.size() == 1);
  s.a->beats();
  CHECK(s.a->takes_refusal()->word == ErrorWord::introduce_yourself);
  s.a->joins(1);
  CHECK(s.stored().agents.size() == 2);
}

// ---------------------------------------------------------------- misuse

TEST_CASE("a lease that is misused is over for its holder, and nothing else is") {
  Scenario s;
  auto& a = s.stranger("a").joins(2);
  const JobId first = s.submits(Range{1000, 2000});
  const JobId second = s.submits(thousand);
  const Taken misused = a.takes_lease();
  REQUIRE(misused.job == first);
  Taken other = a.takes_lease();
  if (other.job != second) {  // the first job's other half
    a.finishes(other, 0);
    other = a.takes_lease();
  }
  a.commits(misused, upto(misused.begin + 100), value(25));
  LeaseView view = a.view(misused);
  SUBCASE("by a commit beyond its end") { view.upto = view.end = misused.end + 1; }
  SUBCASE("by a commit at another begin") { view.begin += 1; }
  SUBCASE("by a commit before its begin") { view.upto = 3; }
  SUBCASE("by a commit without a value") {
    view.upto += 1;
    view.value.reset();
  }
  SUBCASE("by an end before what is committed") { view.end = view.upto - 1; }
  SUBCASE("by a failure before what is committed") { view.failed_upto = view.upto; }
  SUBCASE("by a failure beyond its end") { view.failed_upto = misused.end + 1; }
  Beat beat = a.beat();
  for (LeaseView& each : beat.leases) {
    if (each.lease == misused.id) each = view;
  }
  a.says(beat);
  CHECK_FALSE(a.holds(misused));
  CHECK(a.holds(other));
  CHECK(s.times(Happening::lease_misused) == 1);
  CHECK(s.row(first).attempts_failed == 0);
  CHECK(s.queue().jobs().at(first).ledger.spans().at(misused.begin).end == misused.begin + 100);
  CHECK(a.takes_lease().begin == misused.begin + 100);  // it may try again
}

TEST_CASE("another agent's lease cannot be committed, shortened, failed or dropped") {
  TwoAgents s;
  s.a->commits(s.lease, upto(300), value(62));
  Beat beat = s.b->beat();
  LeaseView view{s.lease.id, 0, 1000, 1000, value(1), std::nullopt, std::nullopt};
  SUBCASE("committed") {}
  SUBCASE("shortened") { view.upto = view.end = 300; }
  SUBCASE("failed") {
    view.upto = 300;
    view.failed_upto = 400;
  }
  beat.leases = {view};
  s.b->says(beat);
  CHECK(s.b->orders().leases.empty());
  CHECK(s.spans(s.id) == "leased 0:1000 at 300 = 62");
  CHECK(s.row(s.id).recomputed == 0);
  s.a->beats();
  CHECK(s.a->holds(s.lease));
}

TEST_CASE("a lease that a beat lists twice is not taken twice") {
  TwoAgents s;
  Beat beat = s.a->beat();
  beat.leases[0].upto = 1000;
  beat.leases[0].value = value(168);
  beat.leases.push_back(beat.leases[0]);
  s.a->says(beat);
  CHECK(s.job(s.id).value == value(168));
  CHECK(s.job(s.id).state == JobState::done);
}

}  // namespace
}  // namespace pq::tests
