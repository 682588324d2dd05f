// Steps that are under way far beyond their usual time, agents that do nothing, and copies of what they hold.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "daemon/core/queue.h"
#include "daemon/core/telling/explanation.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

JobSpec items(std::uint64_t count, bool streams = false) {
  JobSpec spec;
  spec.range = {0, count};
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"./sim"};
  spec.program->run_width = 1;
  spec.program->streams = streams;
  return spec;
}

// Agent "a" holds all of a job, and has measured 50 ms an item; "b" is idle.
struct Hanging : Scenario {
  ScriptedAgent& a;
  ScriptedAgent& b;
  JobId id;
  Taken lease;

  explicit Hanging(const JobSpec& spec) : a(stranger("a")), b(stranger("b")) {
    ends_amid_work();
    a.knows_only({Kernel::exec}).joins(1);
    id = submits(spec);
    a.measures(id, 0.05);
    lease = a.takes_lease();
    b.knows_only({Kernel::exec});
  }

  Reason reason(JobId job, const std::string& word) {
    const auto answer = std::get<Explanation>(asks(AskExplanation{job}));
    const auto found = std::find_if(answer.reasons.begin(), answer.reasons.end(),
                                    [&](const Reason& r) { return r.word == word; });
    REQUIRE(found != answer.reasons.end());
    return *found;
  }
};

}  // namespace

TEST_CASE("a step far beyond its usual time counts nothing, has no end, and is told with its agent and age") {
  Hanging s(items(4, true));
  s.passes(10s);
  CHECK_FALSE(s.job(s.id).stuck);
  CHECK(s.job(s.id).rate_per_s > 0);
  s.passes(30s);
  const JobReport job = s.job(s.id);
  REQUIRE(job.stuck);
  CHECK(job.stuck->agent == "a");
  CHECK(job.stuck->range == Range{3, 4});  // the last run of the step of which it tells
  CHECK(job.stuck->ms >= 30'000);
  CHECK(job.rate_per_s == 0);
  const Reason told = s.reason(s.id, "stuck");
  CHECK(says(told.text, "a has been computing"));
  CHECK(says(*told.advice, "stdbuf -oL"));
  const JobId waiting = s.submits(items(1));
  CHECK(says(s.reason(waiting, "shares").text,
             "A step of job " + std::to_string(s.id.value) + " has been running"));
}

TEST_CASE("what is stuck is computed by an idle slot as well, and the first whole answer counts") {
  Hanging s(items(1));
  s.b.joins(1);
  s.passes(60s);
  const Taken copy = s.b.takes_lease();
  CHECK(copy.begin == 0);
  CHECK(copy.end == 1);
  CHECK(s.queue().copies().size() == 1);
  CHECK(s.spans(s.id) == "leased 0:1 at 0");
  SUBCASE("that of the copy") {
    s.b.finishes(copy, 7);
    CHECK(s.job(s.id).state == JobState::done);
    CHECK(s.job(s.id).value == value(7));
    s.a.commits(s.lease, upto(1), value(8));  // too late
    CHECK(s.job(s.id).value == value(7));
    CHECK(s.job(s.id).recomputed == 1);
  }
  SUBCASE("that of its holder") {
    s.a.finishes(s.lease, 8);
    CHECK(s.job(s.id).value == value(8));
    s.b.beats();
    CHECK_FALSE(s.b.holds(copy));
  }
  SUBCASE("a failure is an answer") {
    s.b.fails(copy, upto(1), "no such file");
    CHECK(s.job(s.id).attempts_failed == 1);
    s.a.beats();
    CHECK_FALSE(s.a.holds(s.lease));
  }
  SUBCASE("with a restart of the head there is no copy any more") {
    s.restarts_head();
    CHECK(s.queue().copies().empty());
    CHECK(s.spans(s.id) == "leased 0:1 at 0");
  }
  SUBCASE("a copy dies with its agent") {
    s.b.restarts();
    s.b.joins(1);
    CHECK(s.queue().copies().size() <= 1);
    CHECK(s.spans(s.id) == "leased 0:1 at 0");
  }
  CHECK(s.queue().leases().all().size() <= 1);
}

TEST_CASE("what is collected has no copies") {
  JobSpec spec = items(1);
  spec.program->collects = true;
  spec.fold = Fold::none;
  Hanging s(spec);
  s.b.joins(1);
  s.passes(60s);
  CHECK(s.b.is_granted_nothing());
}

TEST_CASE("the runs behind a stuck one are asked for") {
  Hanging s(items(4));
  REQUIRE(s.lease.end == 4);
  s.b.joins(1);
  s.passes(60s);
  CHECK(s.a.lowest_end_asked(s.lease) == 1);
  s.a.ends_earlier(s.lease, 1);
  CHECK(s.b.takes_lease().begin == 1);
}

TEST_CASE("an agent that holds its lease and does nothing loses it two beats after it was asked to end") {
  TwoAgents s({0, 1'000'000});
  s.ends_amid_work();
  // It reports that it computes some of the lease, and neither goes on nor gives anything back.
  s.a->computes(s.lease, upto(s.lease.begin + 1));
  for (int i = 0; i < 60 && !s.has_happened(Happening::lease_misused); ++i) s.passes(1s);
  CHECK(s.has_happened(Happening::lease_misused));
  const auto agents = std::get<AgentsReport>(s.asks(AskAgents{})).agents;
  CHECK(agents[0].state == AgentState::quarantined);
  CHECK(s.b->takes_lease().begin == 0);
}

}  // namespace pq::tests
