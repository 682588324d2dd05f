// Agents on which everything fails, beside agents that can compute, and jobs that no agent can compute.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

JobSpec items(std::uint64_t count) {
  JobSpec spec;
  spec.range = {0, count};
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"mytool"};
  spec.program->run_width = 1;
  return spec;
}

// Several agents: the first `bad` ones fail at everything at once, and the others succeed slowly.
struct Mixed : Scenario {
  std::vector<ScriptedAgent*> good;
  std::vector<ScriptedAgent*> bad;
  bool starts_nothing = false;  // on the bad ones

  Mixed(std::size_t bad_ones, std::size_t good_ones, Kernel kernel = Kernel::exec) {
    for (std::size_t i = 0; i < bad_ones + good_ones; ++i) {
      auto& agent = stranger((i < bad_ones ? "bad" : "good") + std::to_string(i));
      agent.knows_only({kernel}).joins(2);
      (i < bad_ones ? bad : good).push_back(&agent);
    }
  }

  void bad_ones_fail() {
    for (bool some = true; some;) {
      some = false;
      for (ScriptedAgent* agent : bad) {
        if (agent->is_granted_nothing()) continue;
        const Taken lease = agent->takes_lease();
        if (starts_nothing) {
          agent->cannot_start(lease, upto(lease.begin + 1), "mytool: command not found");
        } else {
          agent->fails(lease, upto(lease.begin + 1), "disk full");
        }
        some = true;
      }
    }
  }

  // Runs until the job has ended. The good agents are slow, so the bad ones have every chance to do harm.
  void play(JobId id) {
    for (int round = 0; round < 2000 && !has_ended(job(id).state); ++round) {
      bad_ones_fail();
      ScriptedAgent* agent = good[static_cast<std::size_t>(round) % good.size()];
      if (!agent->is_granted_nothing()) agent->finishes(agent->takes_lease(), 1);
      if (round % 10 == 9) passes(1s);
    }
  }

  // The same, where the integer `at` is too much for every one of them.
  void play_with_poison(JobId id, std::uint64_t at) {
    for (int round = 0; round < 4000 && !has_ended(job(id).state); ++round) {
      for (ScriptedAgent* agent : good) {
        if (agent->is_granted_nothing()) continue;
        const Taken lease = agent->takes_lease();
        if (lease.begin > at || at >= lease.end) {
          agent->finishes(lease, 1);
        } else {
          if (lease.begin < at) agent->commits(lease, upto(at), value(1));
          agent->fails(lease, upto(at + 1), "too much");
        }
      }
      passes(100ms);
    }
  }

  std::size_t quarantined() {
    std::size_t count = 0;
    const HeadToClient answer = asks(AskAgents{});
    for (const AgentReport& agent : std::get<AgentsReport>(answer).agents)
      count += agent.state == AgentState::quarantined ? 1 : 0;
    return count;
  }
};

}  // namespace

TEST_CASE("with k bad agents of n a job of programs ends exact, and every bad one is in quarantine") {
  for (const bool starts_nothing : {false, true}) {
    for (std::size_t bad = 1; bad < 9; ++bad) {
      CAPTURE(bad);
      CAPTURE(starts_nothing);
      Mixed s(bad, 9 - bad);
      s.starts_nothing = starts_nothing;
      s.ends_amid_work();
      const JobId id = s.submits(items(120));
      s.play(id);
      CHECK(s.job(id).state == JobState::done);
      CHECK(s.job(id).done == 120);
      CHECK(s.quarantined() == bad);
      for (ScriptedAgent* agent : s.good) CHECK_FALSE(agent->is_granted_nothing() == false);
    }
  }
}

TEST_CASE("bad agents spend none of a job's failures, however few those may be") {
  Mixed s(3, 1);
  s.ends_amid_work();
  JobSpec spec = items(50);
  spec.failures_max = 0;
  spec.attempts_max = 1;
  const JobId id = s.submits(spec);
  s.play(id);
  CHECK(s.job(id).state == JobState::done);
  CHECK(s.row(id).failures_forgiven == s.job(id).attempts_failed);
}

TEST_CASE(
    "sieve kernels that fail everywhere on some agents are no different, and those compute none of them") {
  Mixed s(2, 1, Kernel::primes);
  s.ends_amid_work();
  const JobId id = s.submits(Range{0, 4000});
  s.play(id);
  CHECK(s.job(id).state == JobState::done);
  CHECK(s.quarantined() == 2);
  s.submits(thousand);
  CHECK(s.bad[0]->is_granted_nothing());
}

TEST_CASE("an agent in quarantine for programs still computes sieves") {
  Scenario s;
  s.ends_amid_work();
  auto& bad = s.stranger("bad");
  bad.knows_only({Kernel::primes, Kernel::exec}).joins(1);
  auto& good = s.stranger("good");
  good.knows_only({Kernel::exec}).joins(1);
  s.submits(items(9));
  const Taken failing = bad.takes_lease();
  bad.cannot_start(failing, upto(failing.begin + 1), "mytool: command not found");
  for (int i = 0; i < 9 && !s.has_happened(Happening::agent_quarantined); ++i)
    good.finishes(good.takes_lease(), 1);
  CHECK(s.times(Happening::agent_quarantined) == 1);
  const JobId sieve = s.submits(thousand);
  CHECK(bad.takes_lease().job == sieve);
}

TEST_CASE("where all agents are bad a job ends within three times its attempts, and says why") {
  for (const std::size_t agents : {1U, 2U, 4U}) {
    CAPTURE(agents);
    Mixed s(agents, 0);
    const JobId id = s.submits(items(120));
    for (int i = 0; i < 40 && !has_ended(s.job(id).state); ++i) {
      s.bad_ones_fail();
      s.passes(1s);
    }
    const JobReport job = s.job(id);
    CHECK(job.state == JobState::failed);
    CHECK(job.attempts_failed <= limits::all_failed_factor * 3);
    CHECK(says(*job.error, "nothing of it has succeeded"));
    CHECK(says(*job.error, "disk full"));
    CHECK(s.quarantined() == 0);
  }
}

TEST_CASE("an agent that has not answered yet is waited for before a job is given up") {
  Mixed s(2, 1);
  const JobId id = s.submits(items(30));
  const Taken first = s.good[0]->takes_lease();
  for (int i = 0; i < 60; ++i) {
    s.bad_ones_fail();
    s.passes(1s);
  }
  CHECK(s.job(id).state == JobState::running);
  CHECK(s.job(id).failed == 0);
  s.good[0]->finishes(first, static_cast<std::int64_t>(first.end - first.begin));
  s.play(id);
  CHECK(s.job(id).state == JobState::done);
  s.ends_amid_work();
}

TEST_CASE("agents that go bad amid a job, one after the other, cost none of its parts") {
  Mixed s(0, 4);
  s.ends_amid_work();
  const JobId id = s.submits(items(60));
  for (ScriptedAgent* agent : s.good) agent->finishes(agent->takes_lease(), 1);
  s.bad = {s.good[0], s.good[1], s.good[2]};
  s.good = {s.good[3]};
  s.play(id);
  CHECK(s.job(id).state == JobState::done);
  CHECK(s.job(id).failed == 0);
}

TEST_CASE("a poison integer is given up after its attempts on agents that work") {
  Mixed s(0, 3);
  s.ends_amid_work();
  const JobId id = s.submits(items(30));
  s.play_with_poison(id, 7);
  const JobReport job = s.job(id);
  CHECK(job.state == JobState::failed);
  CHECK(job.failed == 1);
  CHECK(job.done == 29);
  CHECK(job.attempts_failed <= 5);
  CHECK(s.quarantined() == 0);
}

TEST_CASE("where the agent that works is lost for a while, the bad one does not end the job meanwhile") {
  Mixed s(1, 1);
  s.ends_amid_work();
  const JobId id = s.submits(items(300));
  ScriptedAgent& good = *s.good.front();
  good.finishes(good.takes_lease(), 1);
  SUBCASE("it never worked") {}
  SUBCASE("it had worked before") { s.bad.front()->finishes(s.bad.front()->takes_lease(), 1); }
  good.falls_silent();
  for (int i = 0; i < 10 * 60; ++i) {
    s.bad_ones_fail();
    s.passes(100ms);
  }
  CHECK_FALSE(has_ended(s.job(id).state));
  CHECK(s.job(id).attempts_failed < 30);
}

// Both have worked, so each might wait for the other; nobody else will ever come.
TEST_CASE("a poison integer that is all that is left is given up without a pause between its attempts") {
  Mixed s(0, 2);
  s.ends_amid_work();
  JobSpec spec = items(8);
  spec.attempts_max = 40;
  const JobId id = s.submits(spec);
  const Instant began = s.now().instant;
  s.play_with_poison(id, 7);
  const JobReport job = s.job(id);
  CHECK(job.state == JobState::failed);
  CHECK(job.failed == 1);
  CHECK(job.done == 7);
  CHECK(s.now().instant - began < 20s);
}

TEST_CASE("who has left for good is not waited for") {
  Mixed s(0, 2);
  s.ends_amid_work();
  const JobId id = s.submits(items(8));
  s.good[0]->finishes(s.good[0]->takes_lease(), 1);
  s.good[0]->falls_silent();
  s.passes(limits::comeback_term);
  const Instant began = s.now().instant;
  s.good.erase(s.good.begin());
  s.play_with_poison(id, 7);
  CHECK(s.job(id).state == JobState::failed);
  CHECK(s.job(id).done == 7);
  CHECK(s.now().instant - began < 20s);
}

}  // namespace pq::tests
