// The head ends at any instant and comes back with what it had stored: now, or in an old backup.
#include <doctest/doctest.h>

#include <initializer_list>
#include <set>

#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// So that a total is easily seen to be right, one integer in ten counts here: as many primes there may be.
std::optional<Value> tenths(std::uint64_t begin, std::uint64_t end) {
  return Int128{end / 10} - Int128{begin / 10};
}

// These agents compute what is left of the job.
void finish(Scenario& s, JobId job, std::initializer_list<ScriptedAgent*> agents) {
  for (int round = 0; round < 20 && !has_ended(s.row(job).state); ++round) {
    for (ScriptedAgent* agent : agents) {
      if (agent->is_granted_nothing()) continue;
      const Taken lease = agent->takes_lease();
      agent->commits(lease, upto(lease.end), tenths(lease.begin, lease.end));
    }
  }
}

TEST_CASE("a restarted head knows the leases, and their holders go on committing under the same ids") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(300), value(62));
  s.restarts_head();
  CHECK(s.spans(job) == "leased 0:1000 at 300 = 62");
  a.commits(lease, upto(400), value(78));
  CHECK(a.holds(lease));
  s.restarts_head();
  a.finishes(lease, 168);
  CHECK(s.job(job).value == value(168));
  CHECK(s.job(job).state == JobState::done);
  CHECK(s.row(job).leases.granted == 1);
}

TEST_CASE("right after a restart agents have a longer term to come back") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  a.falls_silent();
  s.restarts_head();
  s.passes(limits::restart_term - 1ms);
  SUBCASE("in which they keep their leases") {
    a.commits(lease, upto(300), value(62));
    CHECK(a.holds(lease));
    s.passes(limits::lease_term - 1ms);  // from then on the usual term
    CHECK(s.row(job).leases.expired == 0);
    s.passes(1ms);
    CHECK(s.row(job).leases.expired == 1);
  }
  SUBCASE("and after which they have lost them") {
    s.passes(1ms);
    CHECK(s.spans(job) == "free 0:1000");
  }
}

TEST_CASE("an agent that has not come back yet is given nothing") {
  Scenario s;
  s.agent("a");
  s.restarts_head();
  const JobId job = s.submits(thousand);
  CHECK(s.spans(job) == "free 0:1000");
  CHECK(s.agent("a").takes_lease().begin == 0);
}

TEST_CASE("a lease that was granted in the head's last turn and never sent is free again") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  s.restarts_head();  // the orders were not sent
  CHECK(a.takes_lease().begin == 0);
  CHECK(s.row(job).leases.granted == 2);
}

TEST_CASE("a request to end earlier is forgotten by a restart, and asked again if need be") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(Range{0, 20'000});
  const Taken lease = a.takes_lease();
  auto& b = s.agent("b");
  for (ScriptedAgent* agent : {&a, &b}) {
    agent->measures(job, 0.001);
    agent->beats();
  }
  s.passes(limits::pass_pause);
  a.reads();
  REQUIRE(a.end_asked(lease));
  s.restarts_head();
  a.beats();
  CHECK_FALSE(a.end_asked(lease));
  b.beats();  // idle, as it was
  a.reads();
  CHECK(a.end_asked(lease));
}

TEST_CASE("an end that was declared while the head was away is heard when it is back") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  s.restarts_head();
  a.starts_to_drain();
  CHECK(s.spans(job) == "free 0:1000");
  CHECK_FALSE(a.holds(lease));
}

TEST_CASE("a process that took another's place while the head was away loses it its leases") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  a.commits(a.takes_lease(), upto(300), value(62));
  s.restarts_head();
  a.restarts();
  a.joins(1);
  CHECK(a.takes_lease().begin == 300);
  CHECK(s.row(job).leases.expired == 1);
}

TEST_CASE("failures, pauses and priorities outlive a restart") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(Range{0, 1});
  for (int failed = 1; failed <= 2; ++failed) {
    a.fails(a.takes_lease(), upto(1), "boom");
    s.restarts_head();
    CHECK(s.row(job).attempts_failed == static_cast<std::uint64_t>(failed));
  }
  s.asks(Reprioritize{job, 4});
  s.steers(job, Steering::pause);
  s.restarts_head();
  CHECK(s.row(job).spec.priority == 4);
  CHECK(s.row(job).state == JobState::paused);
  s.steers(job, Steering::resume);
  a.fails(a.takes_lease(), upto(1), "boom");
  CHECK(s.row(job).state == JobState::failed);
  s.restarts_head();
  CHECK(s.row(job).state == JobState::failed);
  CHECK(a.is_granted_nothing());
}

// ---------------------------------------------------------------- an old backup

TEST_CASE("restored from an old backup, the head counts no integer twice") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken old = a.takes_lease();
  a.commits(old, upto(300), tenths(0, 300));
  auto& b = s.agent("b");
  const Model backup = s.model();

  SUBCASE("when the holder of then went on") {
    a.commits(old, upto(500), tenths(0, 500));
    s.restores_head(backup);
    CHECK(s.job(job).done == 300);
    a.commits(old, upto(600), tenths(0, 600));  // cumulative: nothing is missing
    CHECK(s.job(job).value == tenths(0, 600));
    a.commits(old, upto(1000), tenths(0, 1000));
  }
  SUBCASE("when the holder of then had given a part to another") {
    a.ends_earlier(old, 600);
    const Taken rest = b.takes_lease();
    b.commits(rest, upto(800), tenths(600, 800));
    s.restores_head(backup);
    b.commits(rest, upto(900), tenths(600, 900));  // of a lease that this head never granted
    CHECK_FALSE(b.holds(rest));
    CHECK(s.job(job).value == tenths(0, 300));
    a.commits(old, upto(600), tenths(0, 600));
    CHECK(s.spans(job).starts_with("done 0:600 = 60, leased 600:"));
  }
  SUBCASE("when the lease of then was over and its rest had been done by another") {
    a.falls_silent();
    s.passes(limits::lease_term + 1ms);
    const Taken rest = b.takes_lease();
    CHECK(rest.begin == 300);
    b.commits(rest, upto(1000), tenths(300, 1000));
    CHECK(s.job(job).state == JobState::done);
    s.restores_head(backup);
    a.restarts();
    a.joins(1);
  }
  finish(s, job, {&a, &b});
  CHECK(s.job(job).state == JobState::done);
  CHECK(s.job(job).value == tenths(0, 1000));
}

TEST_CASE("an agent that came after the backup introduces itself and loses what it held") {
  Scenario s;
  const JobId job = s.submits(thousand);
  const Model backup = s.model();
  auto& a = s.agent("a");
  const Taken lease = a.takes_lease();
  s.restores_head(backup);
  a.commits(lease, upto(300), tenths(0, 300));
  CHECK(a.takes_refusal()->word == ErrorWord::introduce_yourself);
  a.joins(1);
  CHECK_FALSE(a.holds(lease));
  CHECK(s.job(job).done == 0);
  finish(s, job, {&a});
  CHECK(s.job(job).value == tenths(0, 1000));
}

TEST_CASE("lease ids never repeat, not even after an old backup") {
  Scenario s;
  auto& a = s.agent("a");
  s.submits(thousand);
  const Model backup = s.model();  // with a lease that a is about to be told of
  std::set<LeaseId> ids;
  for (int start = 0; start < 5; ++start) {
    s.restores_head(backup);
    a.beats();
    for (int i = 0; i < 3; ++i) {
      const Taken lease = a.takes_lease();
      CHECK(ids.insert(lease.id).second);
      a.drops(lease);
    }
  }
  CHECK(ids.insert(a.takes_lease().id).second);
}

}  // namespace
}  // namespace pq::tests
