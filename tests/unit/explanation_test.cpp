// Why a job waits or is slow: each reason comes up when it holds, with words that name what is the matter.
#include "daemon/core/telling/explanation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "common/values/text.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

Explanation explained(Scenario& s, JobId job) {
  auto explanation = std::get<Explanation>(s.asks(AskExplanation{job}));
  CHECK(explanation.job == job);
  CHECK_FALSE(explanation.reasons.empty());
  for (const Reason& reason : explanation.reasons) {
    CHECK(is_printable(reason.text));
    CHECK(reason.text.ends_with('.'));
    CHECK_FALSE(reason.text.find("..") != std::string::npos);
    if (reason.advice) CHECK(is_printable(*reason.advice));
  }
  return explanation;
}

std::vector<std::string> words(const Explanation& explanation) {
  std::vector<std::string> words;
  for (const Reason& reason : explanation.reasons) words.push_back(reason.word);
  return words;
}

Reason reason(const Explanation& explanation, const std::string& word) {
  for (const Reason& reason : explanation.reasons) {
    if (reason.word == word) return reason;
  }
  std::string others;
  for (const Reason& reason : explanation.reasons) others += reason.word + ": " + reason.text + " ";
  FAIL("there is no reason " << word << " but " << others);
  return {};
}

JobSpec with_priority(std::int32_t priority) {
  JobSpec spec;
  spec.range = {0, 1'000'000'000'000'000};
  spec.priority = priority;
  return spec;
}

TEST_CASE("a job that does not exist is not explained") {
  Scenario s;
  CHECK(s.is_refused(AskExplanation{JobId{17}}).word == ErrorWord::no_such_job);
}

TEST_CASE("without an agent a job is told to need one, and who was the last") {
  Scenario s;
  s.ends_amid_work();
  const JobId job = s.submits(thousand);
  CHECK(words(explained(s, job)) == std::vector<std::string>{"no_agents"});
  CHECK(says(*explained(s, job).reasons[0].advice, "pq-agent"));
  auto& spot = s.agent("spot-7");
  spot.finishes(spot.takes_lease(), 168);
  spot.says_goodbye();
  s.passes(3min);
  const JobId other = s.submits(thousand);
  CHECK(says(reason(explained(s, other), "no_agents").text, "The last one, spot-7, left 3m"));
}

TEST_CASE("draining and silent agents are named, and so is a head that has just started") {
  Scenario s;
  s.ends_amid_work();
  s.agent("a");
  s.agent("b");
  s.passes(1s);
  s.restarts_head();
  const JobId job = s.submits(thousand);
  const auto early = reason(explained(s, job), "head_restarted");
  CHECK(says(early.text, "is waiting for 2 agents from before: a and b"));
  s.agent("a").beats();
  s.agent("b").beats();
  s.steers(job, Steering::pause);
  s.agent("a").starts_to_drain();
  s.agent("b").starts_to_drain();
  s.steers(job, Steering::resume);
  CHECK(says(reason(explained(s, job), "agents_drain").text, "a and b are draining"));
}

TEST_CASE("an agent that holds a part and is not heard is named before its lease expires") {
  Scenario s;
  auto& a = s.agent("a");
  s.agent("b");
  const JobId job = s.submits(thousand);
  a.takes_lease();
  const auto has = [&](const char* word) {
    const auto all = words(explained(s, job));
    return std::find(all.begin(), all.end(), word) != all.end();
  };
  CHECK_FALSE(has("silent_holder"));
  a.falls_silent();
  s.passes(4s);
  const auto silent = reason(explained(s, job), "silent_holder");
  CHECK(silent.text == "a holds a part of it and has not been heard for 4s.");
  CHECK(silent.advice);
  s.passes(1min);
  CHECK_FALSE(has("silent_holder"));
  s.ends_amid_work();
}

TEST_CASE("what no agent has is named with what to do") {
  Scenario s;
  s.agent("a");
  JobSpec spec;
  spec.range = thousand;
  spec.require = {{"zone", "eu-1"}};
  const auto why = reason(explained(s, s.submits(spec)), "unplaced");
  CHECK(why.text == "No agent has zone=eu-1.");
  REQUIRE(why.advice);
  CHECK(why.advice->starts_with("pq-agents lists"));  // a command's name is left as it is typed
  CHECK(says(*why.advice, "--label"));
}

TEST_CASE("a job behind one of higher priority is told so, and how to pass it") {
  Scenario s;
  s.agent("a");
  const JobId first = s.submits(with_priority(5));
  s.agent("a").takes_lease();
  const JobId second = s.submits(with_priority(0));
  const auto why = reason(explained(s, second), "priority");
  CHECK(says(why.text, "1 of 1 slots are held by job " + std::to_string(first.value)));
  CHECK(*why.advice == "pq-priority " + std::to_string(second.value) +
                           " 5 gives it the same priority; or start more agents.");
}

TEST_CASE("beside another submitter's jobs a job is told what its own submitter has") {
  Scenario s;
  s.stranger("a").joins(3);
  s.client_is("alice");
  s.submits(with_priority(0));
  const JobId hers = s.submits(with_priority(0));
  while (!s.stranger("a").is_granted_nothing()) s.stranger("a").takes_lease();
  CHECK_FALSE(says(reason(explained(s, hers), "shares").text, "Submitters"));
  s.client_is("bob");
  const JobId his = s.submits(with_priority(0));
  CHECK(says(reason(explained(s, his), "shares").text, "Submitters have even parts: bob has 0 slots."));
  s.ends_amid_work();
}

TEST_CASE("a paused job, and jobs that have ended, say so and what to do") {
  Scenario s;
  const JobId job = s.submits(thousand);
  s.steers(job, Steering::pause);
  const auto paused = reason(explained(s, job), "paused");
  CHECK(says(*paused.advice, "pq-resume " + std::to_string(job.value)));
  s.steers(job, Steering::cancel);
  CHECK(explained(s, job).reasons[0].word == "cancelled");
  const JobId other = s.submits(thousand);
  auto& a = s.agent("a");
  a.finishes(a.takes_lease(), 168);
  while (!a.is_granted_nothing()) a.finishes(a.takes_lease(), 1);
  CHECK(words(explained(s, other)) == std::vector<std::string>{"done"});
}

TEST_CASE("a job that runs on all slots with nothing wrong is told that more agents would help") {
  TwoAgents s;
  const auto why = explained(s, s.id);
  CHECK(why.state == JobState::running);
  CHECK(words(why) == std::vector<std::string>{"tail"});  // all of it is leased, and b is idle
  CHECK(says(why.reasons[0].text, "its last lease is running"));
  Scenario alone;
  alone.agent("a");
  const JobId job = alone.submits(with_priority(0));
  alone.agent("a").takes_lease();
  const auto runs = explained(alone, job);
  CHECK(words(runs) == std::vector<std::string>{"runs"});
  CHECK(says(runs.reasons[0].text, "It runs on 1 slot of 1 agent"));
  CHECK(says(*runs.reasons[0].advice, "add agents"));
}

TEST_CASE("jobs of equal priority are told that they share, and a slow agent is named") {
  Scenario s;
  s.ends_amid_work();
  const JobId first = s.submits(with_priority(0));
  const JobId second = s.submits(with_priority(0));
  for (const char* name : {"a", "b", "c"}) {
    auto& agent = s.agent(name);
    agent.takes_lease();
    for (const JobId job : {first, second}) agent.measures(job, name == std::string("c") ? 1e-3 : 1e-6);
    agent.beats();
  }
  const auto why = explained(s, first);
  CHECK(says(reason(why, "shares").text, "It shares 3 slots with 1 job; 2 are its own."));
  const auto slow = reason(why, "slow_agent");
  CHECK(says(slow.text, "c is slow: 1e+03 integers a second on a slot where the median is 1e+06"));
  CHECK(says(*slow.advice, "pq-agents drain c"));
  const JobId third = s.submits(with_priority(0));
  CHECK(says(reason(explained(s, third), "shares").text, "All 3 slots are in use by other jobs"));
}

TEST_CASE("failures are told with the program's last words, losses with who was lost") {
  Scenario s;
  s.ends_amid_work();
  auto& a = s.agent("a");
  s.agent("b");
  JobSpec spec = with_priority(0);
  const JobId job = s.submits(spec);
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(lease.begin + 1), value(1));  // it is believed
  a.fails(lease, upto(lease.begin + 2), "no such table: rates");
  const auto failing = reason(explained(s, job), "failing");
  CHECK(says(failing.text,
             "1 attempt failed, the last with: no such table: rates; more than 100 fail the job."));
  CHECK(says(*failing.advice, "pq-logs " + std::to_string(job.value) + " --failed"));
  s.agent("b").falls_silent();
  s.passes(1min);
  const auto losses = reason(explained(s, job), "losses");
  CHECK(says(losses.text, "1 agent was lost (b)"));
  CHECK(says(losses.text, "of this job expired"));
  s.agent("b").beats();
  s.agent("b").falls_silent();
  s.passes(1min);
  CHECK(says(reason(explained(s, job), "losses").text, "agents were lost 2 times (b)"));
  s.passes(11min);
  const auto later = words(explained(s, job));
  CHECK(std::find(later.begin(), later.end(), "losses") == later.end());
}

TEST_CASE(
    "last words with a full stop of their own end with one, and no priority is higher than the highest") {
  Scenario s;
  s.ends_amid_work();
  const JobSpec spec = with_priority(std::numeric_limits<std::int32_t>::max());
  const JobId job = s.submits(spec);
  s.submits(spec);
  for (const char* name : {"a", "b", "c"}) s.agent(name);
  auto& a = s.agent("a");
  const Taken lease = a.takes_lease();
  REQUIRE(lease.job == job);
  a.commits(lease, upto(lease.begin + 1), value(1));
  a.fails(lease, upto(lease.begin + 2), "it is over.");
  for (const char* name : {"a", "b", "c"}) s.agent(name).takes_lease();
  const auto why = explained(s, job);
  CHECK(says(reason(why, "failing").text, "the last with: it is over."));
  CHECK(*reason(why, "shares").advice == "Start more agents.");
}

TEST_CASE("failures that do not count yet are told as such, and so is what agents are lost with") {
  Scenario s;
  s.ends_amid_work();
  auto& a = s.agent("a");
  auto& b = s.agent("b");
  JobSpec spec = with_priority(0);
  spec.kernel = Kernel::exec;
  spec.range = {0, 4};
  spec.program = Program{};
  spec.program->words = {"./sim"};
  for (const char* name : {"c", "d"}) s.stranger(name).knows_only({Kernel::exec}).joins(1);
  a.says_goodbye();
  b.says_goodbye();
  const JobId job = s.submits(spec);
  auto& c = s.agent("c");
  auto& d = s.agent("d");
  const Taken lease = c.takes_lease();
  c.fails(lease, upto(lease.begin + 1), "no such file");
  const auto failing = reason(explained(s, job), "failing");
  CHECK(says(failing.text, "Attempts failed on 1 agent, the last with: "));
  CHECK(says(failing.text, "; other agents try those parts before the failures count"));
  CHECK(says(failing.text, "no such file"));
  for (int i = 0; i < 6; ++i) {
    ScriptedAgent& agent = i % 2 == 0 ? d : c;
    s.passes(20s);
    if (agent.is_granted_nothing()) continue;
    agent.restarts();
    agent.joins(1);
  }
  const auto suspect = reason(explained(s, job), "suspect");
  CHECK(says(suspect.text, "lost while"));
}

TEST_CASE("names and last words from elsewhere cannot steer a terminal") {
  Scenario s;
  s.ends_amid_work();
  auto& evil = s.agent("evil\x1b[31m");
  const JobId job = s.submits(with_priority(0));
  const Taken lease = evil.takes_lease();
  evil.fails(lease, upto(lease.begin + 1), "\x1b]0;title\x07" + std::string(250, 'x'));
  explained(s, job);
  evil.says_goodbye();
  explained(s, job);
}

}  // namespace
}  // namespace pq::tests
