// What clients ask of the queue: submissions, waits, steering.
#include <doctest/doctest.h>

#include "daemon/core/queue.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq {
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
  spec.fold = Fold::max;
  spec.name = "ten";
  spec.priority = -3;
  const JobId job = s.submits(spec);
  CHECK(s.stored().jobs.at(job).spec == spec);
  CHECK(s.job(job).state == JobState::queued);
  CHECK(s.job(job).created_unix_ms == s.now().unix_ms);
  CHECK(s.spans(job) == "free 10:20");
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

TEST_CASE("all jobs are reported by id, and more than a thousand by their number") {
  Scenario s;
  s.submits(thousand);
  s.submits(Range{0, 5});
  const auto reports = std::get<JobsReport>(s.asks(AskJobs{}));
  REQUIRE(reports.jobs.size() == 2);
  CHECK(reports.jobs[1].spec.range == Range{0, 5});
  CHECK(reports.left_out == 0);
}

}  // namespace
}  // namespace pq
