// Who did what: the name of the key that submitted a job, that steered it, and that asks for its own.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/core/queue.h"
#include "daemon/core/telling/job_list.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// What was told of the job, in its order: "job_steered: paused, by alice".
std::vector<std::string> story_of(Scenario& s, JobId job) {
  const auto report = std::get<EventsReport>(s.asks(AskEvents{.after = 0, .job = job}));
  std::vector<std::string> story;
  for (const EventEntry& event : report.events) story.push_back(event.what + ": " + event.detail);
  return story;
}

std::vector<JobId> ids_of(const JobsReport& report) {
  std::vector<JobId> ids;
  for (const JobReport& job : report.jobs) ids.push_back(job.job);
  return ids;
}

struct AliceAndBob : Scenario {
  JobId submits_as(const std::string& name, Range range = thousand) {
    client_is(name);
    return submits(range);
  }
};

}  // namespace

TEST_CASE("a job has the name of the key that submitted it, also after a restart") {
  AliceAndBob s;
  const JobId nobodys = s.submits(thousand);
  const JobId hers = s.submits_as("alice");
  s.client_is("bob");
  CHECK(s.job(hers).submitter == "alice");
  CHECK(s.job(nobodys).submitter.empty());
  s.restarts_head();
  CHECK(s.job(hers).submitter == "alice");
  CHECK(std::get<JobsReport>(s.asks(AskJobs{})).jobs.at(1).submitter == "alice");
}

TEST_CASE("events say by whom a job was submitted and steered") {
  AliceAndBob s;
  const JobId job = s.submits_as("alice");
  s.client_is("bob");
  s.steers(job, Steering::pause);
  s.asks(SteerEach{{job}, Steering::resume});
  s.asks(Reprioritize{job, 7});
  s.asks(ReprioritizeEach{{job}, -1});
  s.client_is("carol");
  s.steers(job, Steering::cancel);
  s.client_is("");  // a key without a name
  s.asks(Steer{job, Steering::forget_logs});
  CHECK(story_of(s, job) ==
        std::vector<std::string>{"job_submitted: primes over 0:1000, by alice", "job_steered: paused, by bob",
                                 "job_steered: queued, by bob", "job_steered: priority 7, by bob",
                                 "job_steered: priority -1, by bob", "job_ended: cancelled",
                                 "job_steered: cancelled, by carol"});
  s.client_is("carol");
  s.asks(Steer{job, Steering::forget});
  CHECK(story_of(s, job).back() == "job_forgotten: all of it, as an operator asks, by carol");
  const JobId nobodys = (s.client_is(""), s.submits(thousand));
  CHECK(story_of(s, nobodys).front() == "job_submitted: primes over 0:1000");
}

TEST_CASE("an event says by whom what has failed is tried again") {
  AliceAndBob s;
  auto& a = s.agent("a");
  JobSpec spec;
  spec.range = {0, 1};
  spec.attempts_max = 1;
  s.client_is("alice");
  const JobId job = s.submits(spec);
  a.fails(a.takes_lease(), upto(1), "boom");
  REQUIRE(s.job(job).state == JobState::failed);
  s.client_is("bob");
  s.steers(job, Steering::retry);
  CHECK(story_of(s, job).back() == "job_steered: what has failed is tried again, by bob");
  s.ends_amid_work();
}

TEST_CASE("a submitter whose key is a viewer's by now still sees the values of its own settings") {
  AliceAndBob s;
  JobSpec spec;
  spec.range = thousand;
  spec.kernel = Kernel::exec;
  spec.program.emplace().words = {"./sim"};
  spec.program->env = {{"TOKEN", "word"}};
  s.client_is("alice");
  const JobId job = s.submits(spec);
  const auto token_told_to = [&](const std::string& name) {
    s.client_is(name);
    return std::get<JobReport>(s.asks(AskJob{job}, Role::viewer)).spec.program.value().env.at(0).value;
  };
  CHECK(token_told_to("alice") == "word");
  CHECK(token_told_to("bob").empty());
  CHECK(token_told_to("").empty());
  s.client_is("bob");
  s.waits(1, {.job = job, .patience_ms = 60'000}, {}, Role::viewer);
  s.client_is("alice");
  s.waits(2, {.job = job, .patience_ms = 60'000}, {}, Role::viewer);
  s.steers(job, Steering::cancel);
  const auto waited = [&](RequestNumber number) {
    return std::get<JobReport>(s.answer_to(number).value()).spec.program.value().env.at(0).value;
  };
  CHECK(waited(1).empty());
  CHECK(waited(2) == "word");
}

TEST_CASE("a job without a submitter hides its settings from viewers without a name, too") {
  Scenario s;
  JobSpec spec;
  spec.range = thousand;
  spec.kernel = Kernel::exec;
  spec.program.emplace().words = {"./sim"};
  spec.program->env = {{"TOKEN", "word"}};
  const JobId job = s.submits(spec);
  const auto told = std::get<JobReport>(s.asks(AskJob{job}, Role::viewer));
  CHECK(told.spec.program.value().env.at(0).is_hidden);
}

TEST_CASE("who asks for its own jobs is told those of its name, and how many of these are not listed") {
  AliceAndBob s;
  const JobId first = s.submits_as("alice");
  s.submits_as("bob");
  const JobId second = s.submits_as("alice");
  s.steers(first, Steering::cancel);
  const auto mine = std::get<JobsReport>(s.asks(AskJobs{.mine = true}));
  CHECK(ids_of(mine) == std::vector{first, second});
  CHECK(mine.left_out == 0);
  CHECK(mine.only_of == "alice");
  CHECK(std::get<JobIds>(s.asks(AskJobIds{.which = Meant::live, .mine = true})).ids == std::vector{second});
  CHECK(std::get<JobsReport>(s.asks(AskJobs{})).jobs.size() == 3);
  CHECK_FALSE(std::get<JobsReport>(s.asks(AskJobs{})).only_of);
  const ListBounds one{.jobs = 1, .ended = 1, .program_bytes = 100};
  CHECK(ids_of(list_jobs(s.queue().core(), one, "alice")) == std::vector{second});
  CHECK(list_jobs(s.queue().core(), one, "alice").left_out == 1);
  s.client_is("nobody");
  CHECK(std::get<JobsReport>(s.asks(AskJobs{.mine = true}, Role::viewer)).jobs.empty());
}

}  // namespace pq::tests
