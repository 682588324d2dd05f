// What clients ask of the queue: submissions, waits, steering.
#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <vector>

#include "common/protocol/limits.h"
#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "daemon/core/telling/job_list.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr JobId unknown{17};

const JobReport& as_report(const std::optional<HeadToClient>& answer) {
  REQUIRE(answer);
  REQUIRE(std::holds_alternative<JobReport>(*answer));
  return std::get<JobReport>(*answer);
}

// ---------------------------------------------------------------- submissions

TEST_CASE("a submission is stored as it was asked for") {
  Scenario s;
  JobSpec spec;
  spec.range = {10, 20};
  spec.kernel = Kernel::twins;
  spec.name = "ten";
  spec.priority = -3;
  const JobId job = s.submits(spec);
  CHECK(s.stored().jobs.at(job).spec == spec);
  CHECK(s.job(job).state == JobState::queued);
  CHECK(s.job(job).created_unix_ms == s.now().unix_ms);
  CHECK(s.spans(job) == "free 10:20");
}

TEST_CASE("the values of settings are told to operators, and hidden from viewers in every answer") {
  Scenario s;
  JobSpec spec;
  spec.range = thousand;
  spec.kernel = Kernel::exec;
  spec.program.emplace().words = {"./sim"};
  spec.program->env = {{"TOKEN", "word"}, {"EMPTY", ""}};
  const JobId job = s.submits(spec);
  const std::vector<Setting> hidden = {{"TOKEN", "", true}, {"EMPTY", "", true}};
  const auto told = [](const JobReport& report) { return report.spec.program.value().env; };
  CHECK(told(s.job(job)) == spec.program->env);
  CHECK(told(as_report(s.asks(AskJob{job}, Role::viewer))) == hidden);
  CHECK(told(std::get<JobsReport>(s.asks(AskJobs{}, Role::viewer)).jobs.at(0)) == hidden);
  CHECK(told(std::get<EachJob>(s.asks(AskEach{{job}}, Role::viewer)).reports.at(0)) == hidden);
  s.waits(1, {.job = job, .patience_ms = 60'000}, {}, Role::viewer);
  s.waits(2, {.job = job, .patience_ms = 60'000}, {});
  s.steers(job, Steering::cancel);
  CHECK(told(as_report(s.answer_to(1))) == hidden);
  CHECK(told(as_report(s.answer_to(2))) == spec.program->env);
  CHECK(told(as_report(s.asks(Wait{.job = job}, Role::viewer))) == hidden);
  spec.program->env = hidden;
  CHECK(s.is_refused(Submit{{7, 7}, spec}).detail == "--env TOKEN: its value is not here, but hidden");
}

TEST_CASE(
    "secrets are for those who compute, told to nobody else, and erased when nobody computes any more") {
  Scenario s;
  ScriptedAgent& a = s.stranger("a").knows_only({Kernel::exec}).joins(2);
  JobSpec spec = collecting();
  spec.program->collects = false;
  spec.attempts_max = 1;
  spec.program->secrets = {{"TOKEN", "hush"}};
  const std::vector<Setting> hidden = {{"TOKEN", "", true}};
  const auto stored = [&](JobId job) { return s.stored().jobs.at(job).spec.program.value().secrets; };
  const JobId done = s.submits(spec);
  const Taken lease = a.takes_lease();
  CHECK(a.orders().jobs.at(0).program.value().secrets == spec.program->secrets);
  CHECK(s.job(done).spec.program.value().secrets == hidden);
  CHECK(std::get<JobsReport>(s.asks(AskJobs{})).jobs.at(0).spec.program.value().secrets == hidden);
  s.restarts_head();
  a.reconnects();
  a.beats();
  CHECK(stored(done) == spec.program->secrets);
  a.commits(lease, upto(10), std::nullopt);
  CHECK(s.job(done).state == JobState::done);
  CHECK(stored(done) == hidden);
  const HeadToClient again = s.recomputes({done, "a", false});
  CHECK(std::get<Refusal>(again) == Refusal{ErrorWord::forgotten, "the secrets of job 1"});

  const JobId failed = s.submits(spec);
  while (!has_ended(s.job(failed).state)) {
    const Taken taken = a.takes_lease();
    a.fails(taken, upto(taken.begin + 1), "exit status 3");
  }
  CHECK(stored(failed) == spec.program->secrets);
  s.steers(failed, Steering::retry);
  s.steers(failed, Steering::cancel);
  CHECK(stored(failed) == hidden);
  s.ends_amid_work();
}

TEST_CASE("a submission repeated under the same request id is the same job, also after a restart") {
  Scenario s;
  JobSpec spec;
  spec.range = thousand;
  const Submit submit{{1, 2}, spec};
  const auto first = std::get<Submitted>(s.asks(submit));
  CHECK_FALSE(first.repeated);
  CHECK(std::get<Submitted>(s.asks(submit)) == Submitted{first.job, true});
  s.restarts_head();
  CHECK(std::get<Submitted>(s.asks(submit)) == Submitted{first.job, true});
  CHECK(std::get<Submitted>(s.asks(Submit{{1, 3}, spec})) == Submitted{JobId{2}, false});
  CHECK(s.stored().jobs.size() == 2);
}

TEST_CASE("a job id is not used again after a restart") {
  Scenario s;
  const JobId first = s.submits(thousand);
  s.steers(first, Steering::cancel);
  s.restarts_head();
  CHECK(s.submits(thousand) > first);
}

TEST_CASE("a job of 10^18 integers is as small as one of a thousand") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(Range{0, 1'000'000'000'000'000'000});
  CHECK(s.stored().spans.size() == 2);
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(lease.begin + 1000), value(168));
  CHECK(s.stored().spans.size() == 2);
  a.falls_silent();
  s.passes(limits::lease_term + 1ms);
  CHECK(s.spans(job) == "done 0:1000 = 168, free 1000:1000000000000000000");
}

// ---------------------------------------------------------------- waits

TEST_CASE("a wait is answered in the turn in which its job ends") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  s.waits(1, {job, 60'000});
  CHECK_FALSE(s.answer_to(1));
  a.finishes(a.takes_lease(), 168);
  const JobReport report = as_report(s.answer_to(1));
  CHECK(report.state == JobState::done);
  CHECK(report.value == value(168));
}

TEST_CASE("a wait for a job that has ended is answered at once, and so is one for no job") {
  Scenario s;
  const JobId job = s.submits(thousand);
  s.steers(job, Steering::cancel);
  s.waits(1, {job, 60'000});
  CHECK(as_report(s.answer_to(1)).state == JobState::cancelled);
  CHECK(s.is_refused(Wait{unknown, 60'000}) == Refusal{ErrorWord::no_such_job, "17"});
  const JobId known = s.submits(Range{0, 10});
  CHECK(s.is_refused(Wait{known, 60'000, RequestId{4, 711}}).word == ErrorWord::no_such_job);
}

TEST_CASE("one connection waits for so many jobs at once, and has its places back with the answers") {
  Scenario s;
  const JobId job = s.submits(thousand);
  constexpr RequestNumber most = limits::waits_per_peer_max;
  for (RequestNumber number = 1; number <= most; ++number) s.waits(number, {job, 60'000});
  s.waits(most + 1, {job, 60'000});
  const auto refused = s.answer_to(most + 1);
  REQUIRE(refused);
  CHECK(std::get<Refusal>(*refused).detail == "one connection waits for 64 jobs at most");
  s.waits(1, {job, 60'000});  // asked again, it waits once
  const PeerId another{7};
  s.waits(1, {job, 60'000}, another);
  CHECK_FALSE(s.answer_to(1, another));
  s.steers(job, Steering::cancel);
  for (RequestNumber number = 1; number <= most; ++number) CHECK(s.answer_to(number));
  CHECK(s.answer_to(1, another));
  const JobId next = s.submits(thousand);
  s.waits(most + 2, {next, 1000});
  CHECK_FALSE(s.answer_to(most + 2));
  s.passes(1s);
  CHECK(s.answer_to(most + 2));
}

TEST_CASE("a wait is answered when its patience is over, with the job as it then is") {
  Scenario s;
  const JobId job = s.submits(thousand);
  s.waits(1, {job, 2000});
  s.waits(2, {job, 1000});
  s.waits(3, {job, 0});
  CHECK(as_report(s.answer_to(3)).state == JobState::queued);
  s.passes(999ms);
  CHECK_FALSE(s.answer_to(2));
  s.passes(1ms);
  CHECK(as_report(s.answer_to(2)).job == job);
  CHECK_FALSE(s.answer_to(1));
  s.passes(1s);
  CHECK(as_report(s.answer_to(1)).job == job);
}

TEST_CASE("a wait asked again before its answer is answered once") {
  Scenario s;
  const JobId job = s.submits(thousand);
  s.waits(1, {job, 60'000});
  s.waits(1, {job, 60'000});
  const PeerId other{1'000'000};
  s.waits(1, {job, 60'000}, other);  // another client counts its requests by itself
  s.steers(job, Steering::cancel);
  CHECK(s.answer_to(1));
  CHECK_FALSE(s.answer_to(1));
  CHECK(s.answer_to(1, other));
}

TEST_CASE("nobody waits for longer than the longest wait") {
  Scenario s;
  s.waits(1, {s.submits(thousand), 4'000'000'000});
  s.passes(limits::wait_longest);
  CHECK(s.answer_to(1));
}

// ---------------------------------------------------------------- steering

TEST_CASE("a cancelled job ends at once: its holders are told, their commits are refused") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(300), value(62));
  CHECK(s.steers(job, Steering::cancel).state == JobState::cancelled);
  a.reads();
  CHECK_FALSE(a.holds(lease));
  a.commits(lease, upto(400), value(78));
  CHECK(s.spans(job) == "done 0:300 = 62, free 300:1000");
  CHECK(s.steers(job, Steering::cancel).state == JobState::cancelled);  // it is so already
  CHECK(s.times(Happening::job_ended) == 1);
}

TEST_CASE("a paused job's holders are asked to end with their present steps; resumed, it goes on") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(300), value(62));
  CHECK(s.steers(job, Steering::pause).state == JobState::paused);
  a.reads();
  CHECK(a.end_asked(lease) == 300);
  a.ends_earlier(lease, 350);  // where its step ends
  a.commits(lease, upto(350), value(70));
  CHECK(s.spans(job) == "done 0:350 = 70, free 350:1000");
  CHECK(a.is_granted_nothing());
  CHECK(s.job(job).state == JobState::paused);
  CHECK(s.steers(job, Steering::resume).state == JobState::running);
  CHECK(a.takes_lease().begin == 350);
}

TEST_CASE("a job that was paused before it began is queued again when it is resumed") {
  Scenario s;
  const JobId job = s.submits(thousand);
  s.steers(job, Steering::pause);
  s.restarts_head();
  CHECK(s.agent("a").is_granted_nothing());
  CHECK(s.steers(job, Steering::resume).state == JobState::queued);
  CHECK(s.agent("a").takes_lease().begin == 0);
}

TEST_CASE("a paused job is passed over for one that is not") {
  Scenario s;
  const JobId paused = s.submits(thousand);
  s.steers(paused, Steering::pause);
  const JobId other = s.submits(thousand);
  auto& a = s.agent("a");
  const Taken lease = a.takes_lease();
  CHECK(lease.job == other);
  a.finishes(lease, 168);
  CHECK(a.is_granted_nothing());
}

TEST_CASE("a paused job whose last lease runs to its end is done") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  s.steers(job, Steering::pause);
  a.reads();
  a.finishes(lease, 168);
  CHECK(s.job(job).state == JobState::done);
}

TEST_CASE("steering comes too late for a job that has ended") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  a.finishes(a.takes_lease(), 168);
  const Refusal too_late{ErrorWord::job_has_ended, "1 is done"};
  for (const Steering what : {Steering::cancel, Steering::pause, Steering::resume}) {
    CHECK(s.is_refused(Steer{job, what}) == too_late);
  }
  CHECK(s.is_refused(Reprioritize{job, 3}) == too_late);
  CHECK(s.job(job).state == JobState::done);
}

TEST_CASE("what is asked of a job that is not there is refused") {
  Scenario s;
  s.submits(thousand);
  const Refusal no_such{ErrorWord::no_such_job, "17"};
  CHECK(s.is_refused(AskJob{unknown}) == no_such);
  CHECK(s.is_refused(Steer{unknown, Steering::cancel}) == no_such);
  CHECK(s.is_refused(Reprioritize{unknown, 1}) == no_such);
}

TEST_CASE("an operator drains an agent by its name; a newer process of that name works again") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(thousand);
  const Taken lease = a.takes_lease();
  const auto answer = std::get<AgentsReport>(s.asks(DrainAgent{"a"}));
  REQUIRE(answer.agents.size() == 1);
  CHECK(answer.agents[0].state == AgentState::draining);
  a.reads();
  CHECK(a.orders().drain);
  CHECK(a.holds(lease));  // until it gives it back itself
  a.starts_to_drain();
  CHECK(s.spans(job) == "free 0:1000");
  a.says_goodbye();
  CHECK(s.is_refused(DrainAgent{"a"}) == Refusal{ErrorWord::no_such_agent, "a is gone already"});
  CHECK(s.is_refused(DrainAgent{"z"}) == Refusal{ErrorWord::no_such_agent, "z"});
  a.restarts();
  a.joins(1);
  CHECK_FALSE(a.orders().drain);
  CHECK(a.takes_lease().begin == 0);
}

TEST_CASE("agents are reported by name, with what they do; those that are gone last") {
  Scenario s;
  for (const char* name : {"c", "b", "a"}) s.agent(name);
  s.submits(Range{0, 1'000'000'000});
  for (const char* name : {"a", "b", "c"}) s.agent(name).takes_lease();
  s.agent("a").says_goodbye();
  s.agent("b").falls_silent();
  s.passes(4s);
  const auto reports = std::get<AgentsReport>(s.asks(AskAgents{})).agents;
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].name == "b");
  CHECK(reports[0].state == AgentState::silent);
  CHECK(reports[0].heard_ms_ago == 4000);
  CHECK(reports[1].name == "c");
  CHECK(reports[1].state == AgentState::active);
  CHECK(reports[1].busy == 1);
  CHECK(reports[2].name == "a");
  CHECK(reports[2].state == AgentState::gone);
  CHECK(reports[2].busy == 0);
}

// ---------------------------------------------------------------- many jobs

std::vector<JobId> ids_of(const JobsReport& report) {
  std::vector<JobId> ids;
  for (const JobReport& job : report.jobs) ids.push_back(job.job);
  return ids;
}

std::vector<JobId> ids(const std::vector<std::uint64_t>& numbers) {
  std::vector<JobId> jobs;
  for (const std::uint64_t number : numbers) jobs.push_back(JobId{number});
  return jobs;
}

// Ten jobs: 3 is being computed, 5 is paused, 1, 6 and 8 are cancelled, the others wait.
struct TenJobs : Scenario {
  TenJobs() {
    submits(thousand);
    submits(thousand);
    JobSpec first;
    first.range = {0, 1'000'000'000};
    first.priority = 1;
    submits(first);
    agent("a").takes_lease();
    for (int i = 0; i < 7; ++i) submits(thousand);
    steers({5}, Steering::pause);
    for (const std::uint64_t ended : {8U, 1U, 6U}) steers({ended}, Steering::cancel);
    ends_amid_work();
  }

  JobsReport lists(const ListBounds& bounds) const { return list_jobs(queue().core(), bounds); }
  JobIds asks_ids(const AskJobIds& ask) { return std::get<JobIds>(asks(ask)); }
};

TEST_CASE("all jobs are reported by id") {
  TenJobs s;
  const auto reports = std::get<JobsReport>(s.asks(AskJobs{}));
  CHECK(ids_of(reports) == ids({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  CHECK(reports.jobs[2].spec.range == Range{0, 1'000'000'000});
  CHECK(reports.left_out == 0);
  CHECK(reports.live_left_out == 0);
}

TEST_CASE("a list holds the jobs that have not ended, then the newest of the others") {
  TenJobs s;
  const JobsReport eight = s.lists({.jobs = 8, .ended = 8, .program_bytes = 100});
  CHECK(ids_of(eight) == ids({2, 3, 4, 5, 7, 8, 9, 10}));
  CHECK(eight.left_out == 2);
  CHECK(eight.live_left_out == 0);
  CHECK(ids_of(s.lists({.jobs = 10, .ended = 2, .program_bytes = 100})) == ids({2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST_CASE("a list that is too short for all live jobs counts them, and begins with those that are computed") {
  TenJobs s;
  const JobsReport three = s.lists({.jobs = 3, .ended = 3, .program_bytes = 100});
  CHECK(ids_of(three) == ids({2, 3, 4}));
  CHECK(three.left_out == 7);
  CHECK(three.live_left_out == 4);
  const JobsReport one = s.lists({.jobs = 1, .ended = 1, .program_bytes = 100});
  CHECK(ids_of(one) == ids({3}));
  CHECK(one.live_left_out == 6);
}

TEST_CASE("long programs shorten a list, and no job that has ended takes the room of one that goes on") {
  Scenario s;
  const auto submits = [&](std::size_t bytes) {
    JobSpec spec;
    spec.range = thousand;
    spec.kernel = Kernel::exec;
    spec.program.emplace().words = {std::string(bytes, 'x')};
    return s.submits(spec);
  };
  for (const std::size_t bytes : {10U, 50U, 60U, 10U}) submits(bytes);
  s.steers({4}, Steering::cancel);
  const JobsReport report = list_jobs(s.queue().core(), {.jobs = 9, .ended = 9, .program_bytes = 100});
  CHECK(ids_of(report) == ids({1, 2}));
  CHECK(report.left_out == 2);
  CHECK(report.live_left_out == 1);
}

TEST_CASE("the head says which jobs are meant, of all that it keeps") {
  TenJobs s;
  CHECK(s.asks_ids({.which = Meant::live}) == JobIds{ids({2, 3, 4, 5, 7, 9, 10}), false});
  CHECK(s.asks_ids({.which = Meant::unpaused}) == JobIds{ids({2, 3, 4, 7, 9, 10}), false});
  CHECK(s.asks_ids({.which = Meant::paused}) == JobIds{ids({5}), false});
  CHECK(s.asks_ids({.which = Meant::retryable}) == JobIds{});
  CHECK(s.asks_ids({.which = Meant::ended}) == JobIds{ids({1, 6, 8}), false});
  CHECK(s.asks_ids({.which = Meant::newest}) == JobIds{ids({10}), false});
  CHECK(s.asks_ids({Meant::any, 5, 8}) == JobIds{ids({5, 6, 7, 8}), false});
  CHECK(s.asks_ids({Meant::live, 8, 9}) == JobIds{ids({9}), false});
  CHECK(s.asks_ids({Meant::any, 9, 5}) == JobIds{});
  CHECK(s.asks_ids({Meant::any, 11, std::numeric_limits<std::uint64_t>::max()}) == JobIds{});
}

TEST_CASE("several jobs are steered by one question, and one that refuses holds up no other") {
  TenJobs s;
  const auto cancelled = std::get<EachJob>(s.asks(SteerEach{ids({2, 3, 6, 17, 9}), Steering::cancel}));
  REQUIRE(cancelled.reports.size() == 4);
  for (const JobReport& job : cancelled.reports) CHECK(job.state == JobState::cancelled);
  CHECK(cancelled.reports[1].job == JobId{3});
  CHECK(cancelled.refused == std::vector{RefusedJob{unknown, {ErrorWord::no_such_job, "17"}}});
  CHECK(s.asks_ids({.which = Meant::live}) == JobIds{ids({4, 5, 7, 10}), false});
  const auto raised = std::get<EachJob>(s.asks(ReprioritizeEach{ids({4, 2, 5}), 9}));
  REQUIRE(raised.reports.size() == 2);
  CHECK(raised.reports[0].spec.priority == 9);
  CHECK(raised.reports[1].spec.priority == 9);
  CHECK(raised.refused == std::vector{RefusedJob{{2}, {ErrorWord::job_has_ended, "2 is cancelled"}}});
  s.asks(SteerEach{ids({4, 4, 7}), Steering::pause});
  CHECK(s.asks_ids({.which = Meant::paused}) == JobIds{ids({4, 5, 7}), false});
}

TEST_CASE("several jobs are told by one question, as each of them by its own") {
  TenJobs s;
  const auto told = std::get<EachJob>(s.asks(AskEach{ids({9, 17, 1})}));
  CHECK(told.reports == std::vector{s.job({9}), s.job({1})});
  CHECK(told.refused == std::vector{RefusedJob{unknown, {ErrorWord::no_such_job, "17"}}});
}

TEST_CASE("more numbers than one answer holds come in several") {
  std::map<JobId, Job> jobs;
  Changes changes;
  for (std::uint64_t number = 1; number <= limits::job_ids_told + 2; ++number) {
    JobRow row;
    row.id = JobId{number};
    row.spec.range = {0, 1};
    jobs.emplace(row.id, Job{.row = row, .ledger = Ledger(row.id, row.spec.range, Fold::sum, changes)});
  }
  const JobIds first = ids_of(jobs, AskJobIds{}, 0);
  CHECK(first.ids.size() == limits::job_ids_told);
  CHECK(first.more);
  CHECK(ids_of(jobs, AskJobIds{.first = first.ids.back().value + 1}, 0) ==
        JobIds{ids({limits::job_ids_told + 1, limits::job_ids_told + 2}), false});
}

}  // namespace
}  // namespace pq::tests
