// Jobs that have ended and are forgotten, whole or only what their programs printed.
#include "daemon/core/forgetting.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "common/values/clock_watch.h"
#include "daemon/core/proof/provenance_findings.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr Duration day = 24h;

// Job 1 is done and has printed to its log and its output; job 2 is cancelled, and job 3 is queued.
struct ThreeJobs : Scenario {
  JobId printed;
  JobId cancelled;
  JobId live;

  explicit ThreeJobs(QueueSettings settings = {}) : Scenario(settings) {
    printed = submits(collecting());
    ScriptedAgent& a = stranger("a").knows_only({Kernel::exec}).joins(1);
    const Taken lease = a.takes_lease();
    const Incarnation incarnation = a.introduction().incarnation;
    a.delivers({"a",
                incarnation,
                1,
                {{printed, lease.id, {0, 10}, 1, Stream::stderr_, false, {"said\n"}}},
                {{printed, lease.id, {0, 10}, 0, true, {"collected\n"}}}});
    a.commits(lease, upto(10), std::nullopt);
    a.says_goodbye();
    cancelled = submits(thousand);
    steers(cancelled, Steering::cancel);
    live = submits(thousand);
  }

  void submits_and_ends() { steers(submits(thousand), Steering::cancel); }
};

QueueSettings keeping(const Keeping& keeping) {
  QueueSettings settings;
  settings.keeping = keeping;
  return settings;
}

// Longer than a wall clock is watched before it is believed.
void passes(Scenario& s, Duration duration) {
  for (Duration looks{0}; looks < duration; looks += 10min) s.stands_still(10min);
}

}  // namespace

TEST_CASE("what has ended is forgotten with all that belongs to it, and its number is not given again") {
  ThreeJobs s;
  CHECK(s.steers(s.printed, Steering::forget).state == JobState::done);
  CHECK(s.stored().jobs.size() == 2);
  CHECK(s.stored().spans.size() == 2);
  CHECK(s.logs().empty());
  CHECK(s.outputs().empty());
  CHECK(s.is_refused(AskJob{s.printed}) == Refusal{ErrorWord::no_such_job, "1 is forgotten"});
  CHECK(s.is_refused(Steer{s.printed, Steering::forget}).word == ErrorWord::no_such_job);
  CHECK(s.times(Happening::job_forgotten) == 1);
  s.restarts_head();
  CHECK(s.is_refused(AskJob{s.printed}) == Refusal{ErrorWord::no_such_job, "1 is forgotten"});
  CHECK(s.is_refused(AskJob{{99}}) == Refusal{ErrorWord::no_such_job, "99"});
}

TEST_CASE(
    "the number of the newest job is not given again, though it is forgotten and the head starts anew") {
  ThreeJobs s;
  s.steers(s.live, Steering::cancel);
  s.steers(s.live, Steering::forget);
  s.restarts_head();
  CHECK(s.submits(thousand) == JobId{4});
}

TEST_CASE("logs and output are forgotten alone, once, and the rest stays and is told") {
  ThreeJobs s;
  const JobReport without_logs = s.steers(s.printed, Steering::forget_logs);
  CHECK(without_logs.logs_forgotten);
  CHECK_FALSE(without_logs.output_forgotten);
  CHECK(s.logs().empty());
  CHECK(s.outputs() == std::vector<std::string>{"collected\n"});
  CHECK(s.steers(s.printed, Steering::forget_output).output_forgotten);
  CHECK(s.outputs().empty());
  CHECK(s.parts(s.printed) == "a 0:10");
  s.steers(s.printed, Steering::forget_output);
  CHECK(s.times(Happening::job_forgotten) == 2);
  s.restarts_head();
  CHECK(s.job(s.printed).output_forgotten);
  CHECK(s.job(s.printed).done == 10);
  const Stored stored = s.model().looked_at(s.printed);
  for (const Finding& finding : examine_provenance(stored, s.printed)) {
    CAPTURE(finding.detail);
    CHECK(finding.holds);
    if (finding.invariant == "collected_bytes_fit") CHECK(finding.detail.ends_with("are forgotten"));
  }
  const JobReport never_printed = s.steers(s.cancelled, Steering::forget_logs);
  CHECK_FALSE(never_printed.logs_forgotten);
}

TEST_CASE("what has not ended is not forgotten") {
  ThreeJobs s;
  for (const Steering what : {Steering::forget, Steering::forget_logs, Steering::forget_output})
    CHECK(s.is_refused(Steer{s.live, what}) == Refusal{ErrorWord::job_is_live, "job 3 is queued"});
  s.steers(s.live, Steering::pause);
  CHECK(s.is_refused(Steer{s.live, Steering::forget}).detail == "job 3 is paused");
}

TEST_CASE("no part is computed again of a job whose output is forgotten: the rest could not be told") {
  ThreeJobs s;
  s.steers(s.printed, Steering::forget_output);
  const HeadToClient answer = s.recomputes({s.printed, "a", false});
  REQUIRE(std::holds_alternative<Refusal>(answer));
  CHECK(std::get<Refusal>(answer) == Refusal{ErrorWord::forgotten, "the output of job 1"});
}

TEST_CASE("ids of jobs that ended long ago") {
  ThreeJobs s;
  const auto ended_for = [&](Duration age) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
    return std::get<JobIds>(
               s.asks(AskJobIds{.which = Meant::any, .ended_for_ms = static_cast<std::uint64_t>(ms)}))
        .ids;
  };
  CHECK(ended_for(1h).empty());
  s.stands_still(1h);
  CHECK(ended_for(1h) == std::vector{s.printed, s.cancelled});
  s.submits_and_ends();
  CHECK(ended_for(1h) == std::vector{s.printed, s.cancelled});
}

// ---------------------------------------------------------------- what the head was told to keep

TEST_CASE("jobs and logs are kept as long as they shall be, and live jobs for ever") {
  ThreeJobs s(keeping({.jobs = 3 * day, .logs = day}));
  passes(s, day - 2h);
  CHECK(s.logs().size() == 1);
  passes(s, 3h);
  CHECK(s.logs().empty());
  CHECK(s.stored().jobs.size() == 3);
  CHECK(s.outputs().size() == 1);
  passes(s, 2 * day);
  CHECK(s.stored().jobs.size() == 1);
  CHECK(s.stored().jobs.contains(s.live));
}

TEST_CASE("many that are too old go a few a turn, and soon") {
  ThreeJobs s(keeping({.jobs = day}));
  for (std::size_t i = 0; i < 3 * limits::jobs_forgotten_at_once; ++i) s.submits_and_ends();
  passes(s, day - 1h);
  const std::size_t before = s.stored().jobs.size();
  s.stands_still(90min);
  CHECK(s.stored().jobs.size() == before - limits::jobs_forgotten_at_once);
  s.passes(1s);
  CHECK(s.stored().jobs.size() == 1);
}

TEST_CASE("a wall clock that jumps makes nothing old, until it has run evenly for an hour") {
  ThreeJobs s(keeping({.jobs = day, .logs = day}));
  passes(s, 2h);
  s.wall_clock_jumps(20 * 365 * day);
  s.passes(1min);
  s.wall_clock_jumps(-20 * 365 * day);
  passes(s, 2h);
  CHECK(s.stored().jobs.size() == 3);
  CHECK(s.logs().size() == 1);
  s.wall_clock_jumps(20 * 365 * day);
  passes(s, 50min);
  CHECK(s.stored().jobs.size() == 3);
  passes(s, 20min);
  CHECK(s.stored().jobs.size() == 1);
}

TEST_CASE("a database that is too large loses what was printed first, then whole jobs, oldest first") {
  ThreeJobs s(keeping({.bytes = 1000}));
  const auto looks = [&](std::uint64_t bytes) {
    s.database_is(bytes);
    s.stands_still(11s);
  };
  looks(1000);
  CHECK(s.outputs().size() == 1);
  looks(u64_max);  // the jobs have only just ended
  CHECK(s.outputs().size() == 1);
  CHECK(s.stored().jobs.size() == 3);
  s.database_is(0);
  s.stands_still(limits::ended_kept_least);
  looks(1001);
  CHECK(s.outputs().empty());
  CHECK(s.logs().size() == 1);
  looks(1001);
  CHECK(s.logs().empty());
  CHECK(s.stored().jobs.size() == 3);
  looks(1001);
  CHECK_FALSE(s.stored().jobs.contains(s.printed));
  looks(1001);
  CHECK(s.stored().jobs.size() == 1);
  looks(1001);  // and then there is nothing that may go
  CHECK(s.stored().jobs.contains(s.live));
}

TEST_CASE("whoever waits for a job's end is told its total, however large the database is") {
  Scenario s(keeping({.bytes = 0}));
  s.database_is(u64_max);
  ScriptedAgent& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const PeerId another{7};
  s.waits(1, {.job = job, .patience_ms = 60'000});
  s.waits(2, {.job = job, .patience_ms = 60'000}, another);
  a.finishes(a.takes_lease(), 168);
  for (const auto& answer : {s.answer_to(1), s.answer_to(2, another)}) {
    REQUIRE(answer);
    REQUIRE(std::holds_alternative<JobReport>(*answer));
    CHECK(std::get<JobReport>(*answer).value == value(168));
  }
  s.stands_still(limits::ended_kept_least - 1min);
  CHECK(s.job(job).value == value(168));
  s.stands_still(2min);
  CHECK(s.is_refused(AskJob{job}) == Refusal{ErrorWord::no_such_job, "1 is forgotten"});
}

TEST_CASE("what a job logs when it is tried again is kept, and may be forgotten again") {
  Scenario s;
  ScriptedAgent& a = s.stranger("a").knows_only({Kernel::exec}).joins(1);
  JobSpec spec = collecting();
  spec.attempts_max = 1;
  spec.failures_max = 2;
  spec.program->collects = false;
  const JobId job = s.submits(spec);
  std::uint64_t seq = 0;
  const auto logs_and_fails_until_it_ends = [&] {
    while (!has_ended(s.job(job).state)) {
      const Taken lease = a.takes_lease();
      const Range run{lease.begin, lease.begin + 1};
      const LogPart part{job, lease.id, run, 1, Stream::stderr_, false, {"said\n"}};
      a.delivers({"a", a.introduction().incarnation, ++seq, {part}, {}});
      a.fails(lease, upto(run.end), "exit status 3");
    }
  };
  logs_and_fails_until_it_ends();
  CHECK_FALSE(s.logs().empty());
  CHECK(s.steers(job, Steering::forget_logs).logs_forgotten);
  CHECK(s.logs().empty());
  CHECK_FALSE(s.steers(job, Steering::retry).logs_forgotten);
  logs_and_fails_until_it_ends();
  CHECK_FALSE(s.logs().empty());
  CHECK(s.steers(job, Steering::forget_logs).logs_forgotten);
  CHECK(s.logs().empty());
}

// ---------------------------------------------------------------- the clock

TEST_CASE("a wall clock is doubted for a while after it jumped, and not for small corrections") {
  ClockWatch clock(60s);
  const auto at = [](Duration since, UnixMs unix_ms) { return Now{{since}, unix_ms}; };
  clock.look(at(0s, 1'000'000));
  clock.look(at(10s, 1'014'000));
  CHECK_FALSE(clock.jump());
  CHECK(clock.even_for() == 10s);
  clock.look(at(20s, 9'024'000));
  CHECK(clock.jump() == 8000s);
  CHECK(clock.even_for() == 0s);
  clock.look(at(79s, 9'083'000));
  CHECK(clock.jump());
  clock.look(at(80s, 9'084'000));
  CHECK_FALSE(clock.jump());
  CHECK(clock.even_for() == 60s);
}

}  // namespace pq::tests
