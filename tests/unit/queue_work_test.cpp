// Who is given what, and how much of it: jobs in their order, widths, failures and their second tries.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "daemon/core/scheduling/schedule.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr Range endless{0, 1'000'000'000'000'000'000};

JobSpec job_of(Range range, std::int32_t priority = 0) {
  JobSpec spec;
  spec.range = range;
  spec.priority = priority;
  return spec;
}

// ---------------------------------------------------------------- between jobs

TEST_CASE("work that is submitted reaches an idle slot in the same turn") {
  Scenario s;
  auto& a = s.agent("a");
  s.submits(thousand);
  a.reads();  // unasked
  CHECK(a.takes_lease().begin == 0);
}

TEST_CASE("higher priority goes first, and a priority may change") {
  Scenario s;
  const JobId low = s.submits(job_of(thousand, -1));
  const JobId middle = s.submits(job_of(thousand));
  const JobId high = s.submits(job_of(thousand, 2));
  auto& a = s.agent("a");
  Taken lease = a.takes_lease();
  CHECK(lease.job == high);
  CHECK(std::get<JobReport>(s.asks(Reprioritize{low, 1})).spec.priority == 1);
  a.finishes(lease, 168);
  lease = a.takes_lease();
  CHECK(lease.job == low);
  a.finishes(lease, 168);
  CHECK(a.takes_lease().job == middle);
}

TEST_CASE("jobs of equal priority share the slots evenly") {
  Scenario s;
  const std::vector<JobId> jobs = {s.submits(endless), s.submits(endless), s.submits(endless)};
  auto& a = s.stranger("a").joins(6);
  for (int slot = 0; slot < 6; ++slot) a.takes_lease();
  for (const JobId job : jobs) CHECK(s.job(job).slots_busy == 2);
}

TEST_CASE("an agent is not given a kernel that it does not know") {
  Scenario s;
  auto& a = s.stranger("a").knows_only({Kernel::twins}).joins(1);
  const JobId primes = s.submits(thousand);
  CHECK(a.is_granted_nothing());
  JobSpec twins = job_of(thousand);
  twins.kernel = Kernel::twins;
  const JobId second = s.submits(twins);
  CHECK(a.takes_lease().job == second);
  CHECK(s.spans(primes) == "free 0:1000");
}

TEST_CASE("a lease is not split for an agent that does not know its kernel, but for one that does") {
  Scenario s;
  auto& holder = s.agent("holder");
  const JobId job = s.submits(Range{0, 100'000});
  const Taken lease = holder.takes_lease();
  holder.measures(job, 0.001);
  holder.beats();
  s.stranger("a").knows_only({Kernel::twins}).joins(1);
  s.passes(1s);
  CHECK_FALSE(holder.end_asked(lease));
  s.agent("b");
  s.passes(limits::pass_pause);
  holder.reads();
  CHECK(holder.end_asked(lease));
}

TEST_CASE("a slow newcomer for whom a split is not worth it does not keep others from one") {
  Scenario s;
  auto& holder = s.agent("holder");
  const JobId job = s.submits(Range{0, 100'000});
  const Taken lease = holder.takes_lease();
  auto& slow = s.agent("a slow one");
  slow.measures(job, 0.001, 10);  // a step of it takes minutes
  auto& quick = s.agent("b");
  for (ScriptedAgent* agent : {&holder, &quick}) agent->measures(job, 0.001);
  for (ScriptedAgent* agent : {&slow, &quick, &holder}) agent->beats();
  s.passes(limits::pass_pause);
  holder.reads();
  CHECK(holder.end_asked(lease));
}

TEST_CASE("an agent that says hello with fewer slots than it holds leases has no idle slot") {
  Scenario s;
  auto& holder = s.agent("holder");
  const JobId job = s.submits(Range{0, 100'000});
  const Taken lease = holder.takes_lease();
  holder.measures(job, 0.001);
  holder.beats();
  auto& a = s.stranger("a").knows_only({Kernel::twins}).joins(2);
  JobSpec single = job_of(Range{0, 1});
  single.kernel = Kernel::twins;
  s.submits(single);
  a.takes_lease();
  s.stands_still_until_it_hears(limits::pass_pause);
  a.knows_only({Kernel::primes, Kernel::twins}).joins(0);
  CHECK_FALSE(s.queue().leases().find(lease.id)->end_asked);
}

// ---------------------------------------------------------------- widths

// The width of a lease that only the longest width limits, at 0.001 s an integer.
std::uint64_t longest_width(const Taken& lease) {
  return static_cast<std::uint64_t>(60'000 * stretch_of(lease.id)) + 1;
}

TEST_CASE("an agent that has not computed a job is given a probe, then about a minute's worth") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(endless);
  const Taken probe = a.takes_lease();
  const double expected_s = expected_cost(Kernel::primes, 0).per_integer_s * static_cast<double>(probe.end);
  CHECK(expected_s < 3);
  a.measures(job, 1e-6);
  a.finishes(probe, 1);
  const Taken measured = a.takes_lease();
  CHECK(measured.end - measured.begin == doctest::Approx(60e6 * stretch_of(measured.id)).epsilon(0.001));
}

TEST_CASE("leases taper towards the end of a job, and the last takes all that is left") {
  Scenario s;
  const JobId job = s.submits(Range{0, 1'000'000});
  auto& a = s.stranger("a");
  a.measures(job, 0.001);
  a.joins(1);
  auto& b = s.stranger("b");  // so that there is somebody to end together with
  b.measures(job, 0.001);
  b.joins(1);
  const Taken held = b.takes_lease();
  b.commits(held, upto(held.end - 1), value(1));
  std::vector<std::uint64_t> widths;
  while (!a.is_granted_nothing()) {
    const Taken lease = a.takes_lease();
    if (widths.empty()) CHECK(lease.end - lease.begin == longest_width(lease));
    widths.push_back(lease.end - lease.begin);
    a.finishes(lease, 1);
  }
  CHECK(s.spans(job).find("free") == std::string::npos);
  for (std::size_t i = 1; i + 1 < widths.size(); ++i)
    CHECK((widths[i] <= widths[i - 1] || widths[i] > 48'000));  // longer ones are stretched
  CHECK(widths.size() > 20);
  CHECK(widths.size() < 60);
  CHECK(b.holds(held));
}

TEST_CASE("a slot alone takes a job in leases of about a minute, with no taper") {
  Scenario s;
  const JobId job = s.submits(Range{0, 200'000});
  auto& a = s.stranger("a");
  a.measures(job, 0.001);
  a.joins(1);
  std::size_t leases = 0;
  while (s.row(job).state == JobState::running) {
    const Taken lease = a.takes_lease();
    const std::uint64_t rest = 200'000 - lease.begin;
    CHECK(lease.end - lease.begin == std::min(rest, longest_width(lease)));
    a.finishes(lease, 1);
    ++leases;
  }
  CHECK(leases == 4);
}

TEST_CASE("a job with as many others in line as there are slots is not cut up for all of them") {
  Scenario s;
  std::vector<JobId> jobs(4);
  for (JobId& job : jobs) job = s.submits(Range{0, 20'000'000});  // of 2 ms
  auto& a = s.stranger("a").joins(4);
  for (const JobId job : jobs) {
    const Taken lease = a.takes_lease();
    CHECK(lease.job == job);
    CHECK((job != jobs.front() || lease.end == 20'000'000));
  }
}

TEST_CASE("an agent that has not computed a job gets two seconds at the median of those that have") {
  Scenario s;
  std::vector<ScriptedAgent*> measured;
  for (const char* name : {"a", "b", "c"}) measured.push_back(&s.agent(name));
  const JobId job = s.submits(endless);
  for (ScriptedAgent* agent : measured) agent->takes_lease();
  s.passes(limits::fleet_rate_kept);
  measured[0]->measures(job, 1e-3);
  measured[1]->measures(job, 1e-5);
  SUBCASE("three of them") {
    measured[2]->measures(job, 2e-5);
    for (ScriptedAgent* agent : measured) agent->beats();
    const Taken probe = s.agent("newcomer").takes_lease();
    CHECK(probe.end - probe.begin == doctest::Approx(100'000 * stretch_of(probe.id)).epsilon(0.001));
  }
  SUBCASE("with its fixed part") {
    measured[2]->measures(job, 2e-5, 0.1);
    measured[0]->measures(job, 1e-3, 0.2);
    for (ScriptedAgent* agent : measured) agent->beats();
    const Taken probe = s.agent("newcomer").takes_lease();
    CHECK(probe.end - probe.begin == doctest::Approx(250'000).epsilon(0.001));  // 0.1 s is 2 % of 5 s
  }
  SUBCASE("but no longer at what was said by one that is gone") {
    for (ScriptedAgent* agent : measured) agent->beats();
    measured[0]->says_goodbye();
    const Taken rest = s.agent("newcomer").takes_lease();  // what the other gave back
    CHECK(rest.begin == 0);
    CHECK(s.queue().jobs().at(job).measured_by.size() == 1);
  }
}

TEST_CASE("beats are stretched as the fleet grows, but not so far that a few lost ones lose a lease") {
  const auto beat_of_fleet = [](std::uint64_t agents) {
    Now now{Instant{1h}, 0};
    Queue queue({}, Epoch{1}, {}, now);
    Effects effects;
    Hello hello;
    for (std::uint64_t i = 0; i < agents; ++i) {
      hello.name = std::to_string(i);
      hello.incarnation = {i + 1};
      queue.handle({PeerId{i}, "key"}, AgentToHead(hello), now, effects);
    }
    effects = {};
    Beat beat;
    beat.name = hello.name;
    beat.incarnation = hello.incarnation;
    beat.seq = 1;
    queue.handle({PeerId{1}, "key"}, AgentToHead(beat), now, effects);
    queue.settle(now, effects);
    REQUIRE(effects.outgoing.size() == 1);
    return std::get<Orders>(std::get<HeadToAgent>(effects.outgoing[0].message)).beat_ms;
  };
  CHECK(beat_of_fleet(1) == 1000);
  CHECK(beat_of_fleet(5000) == 1000);
  CHECK(beat_of_fleet(10'000) == 2000);
  CHECK(beat_of_fleet(limits::agents_max) == 3750);
}

TEST_CASE("a short lease term makes beats quicker") {
  Scenario s({.lease_term = 2s, .beat_interval = 1s});
  CHECK(s.agent("a").orders().beat_ms == 500);
}

// ---------------------------------------------------------------- failing programs

TEST_CASE("what failed on one agent is tried by another, and counts as one failure") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  auto& b = s.agent("b");
  a.fails(lease, upto(100), "boom");
  CHECK(a.takes_lease().begin == 100);  // the rest, but not what it failed on
  const Taken second = b.takes_lease();
  CHECK(second.begin == 0);
  CHECK(second.end == 100);
  CHECK(s.job(job).attempts_failed == 1);
  CHECK(s.times(Happening::program_failed) == 1);
  b.finishes(second, 25);
  CHECK(s.job(job).state == JobState::running);
}

TEST_CASE("what failed on the only agent that could compute it is tried there again") {
  Scenario s;
  SUBCASE("because the other has left") { s.agent("b").says_goodbye(); }
  SUBCASE("because the other was lost") {
    s.agent("b").falls_silent();
    s.passes(limits::lease_term + 1ms);
  }
  SUBCASE("because the other drains") { s.agent("b").starts_to_drain(); }
  SUBCASE("because the other does not know the kernel") {
    s.stranger("b").knows_only({Kernel::twins}).joins(1);
  }
  SUBCASE("because the other has not come back since the head's restart") {
    s.agent("b");
    s.restarts_head();
  }
  auto& a = s.agent("a");
  s.submits(thousand);
  a.fails(a.takes_lease(), upto(1000), "boom");
  const Taken again = a.takes_lease();
  CHECK(again.begin == 0);
  CHECK(again.end == 1000);
}

TEST_CASE("one integer that cannot be computed is found, all others are counted, and the job says why") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  while (!has_ended(s.row(job).state)) {
    const Taken lease = a.takes_lease();
    const std::uint64_t width = lease.end - lease.begin;
    if (lease.begin <= 613 && 613 < lease.end) {
      a.fails(lease, upto(lease.end), "613 is too much");
    } else {
      a.finishes(lease, static_cast<std::int64_t>(width));
    }
  }
  const JobReport report = s.job(job);
  CHECK(report.state == JobState::failed);
  CHECK(report.failed == 1);
  CHECK(report.done == 999);
  CHECK(report.value == value(999));
  CHECK(says(*report.error, "1 integer failed"));
  CHECK(says(*report.error, "613 is too much"));
}

TEST_CASE("a job whose program fails too often is given up as a whole") {
  Scenario s;
  auto& a = s.agent("a");
  JobSpec spec = job_of(thousand);
  spec.failures_max = 2;
  const JobId job = s.submits(spec);
  for (int i = 0; i < 3; ++i) {
    CHECK(s.job(job).state == JobState::running);
    const Taken lease = a.takes_lease();
    a.fails(lease, upto(lease.end), "boom " + std::to_string(i));
  }
  CHECK(s.job(job).state == JobState::failed);
  CHECK(s.job(job).error == "more than 2 attempts failed, the last with: boom 2");
  CHECK(a.is_granted_nothing());
}

TEST_CASE("lost agents, drains and goodbyes are no failures of the program") {
  Scenario s;
  JobSpec spec = job_of(thousand);
  spec.failures_max = 0;
  const JobId job = s.submits(spec);
  for (const char* name : {"a", "b", "c"}) {
    auto& agent = s.agent(name);
    agent.takes_lease();
    if (agent.name() == "a") agent.starts_to_drain();
    if (agent.name() == "b") agent.says_goodbye();
    agent.falls_silent();
    s.passes(limits::lease_term + 1ms);
  }
  CHECK(s.job(job).attempts_failed == 0);
  CHECK(s.spans(job) == "free 0:1000");
}

TEST_CASE("a total that does not fit fails the job and says so") {
  Scenario s;
  auto& a = s.stranger("a").knows_only({Kernel::exec}).joins(2);
  JobSpec spec = job_of(Range{0, 2});
  spec.kernel = Kernel::exec;  // whose values may be any
  spec.program = Program{};
  spec.program->words = {"./sim"};
  const JobId job = s.submits(spec);
  a.beats();
  const Value huge = (Int128{1} << 126) + 1;
  for (const Taken& lease : {a.takes_lease(), a.takes_lease()}) a.commits(lease, upto(lease.end), huge);
  CHECK(s.job(job).state == JobState::failed);
  CHECK_FALSE(s.job(job).value);
  CHECK(*s.job(job).error == "the total does not fit: it is beyond a signed 128-bit integer");
}

}  // namespace
}  // namespace pq::tests
