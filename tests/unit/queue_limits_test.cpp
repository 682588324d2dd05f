// What one submitter may have: slots, jobs and bytes, as pqd --limit says.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/workshop.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

QueueSettings with(const std::string& name, Allowance allowance) {
  QueueSettings settings;
  if (name == "*") {
    settings.allowances.others = allowance;
  } else {
    settings.allowances.by_name[name] = allowance;
  }
  return settings;
}

JobSpec collecting(std::uint64_t integers, std::uint64_t file_bytes = 0) {
  JobSpec spec;
  spec.range = {0, integers};
  spec.kernel = Kernel::exec;
  spec.fold = Fold::none;
  spec.program.emplace().words = {"./sim"};
  spec.program->run_width = 1;
  spec.program->collects = true;
  if (file_bytes > 0) spec.program->files = {{"data", sha256_of(std::string(file_bytes, 'x')), file_bytes}};
  return spec;
}

std::vector<std::string> reasons(Scenario& s, JobId job) {
  const auto why = std::get<Explanation>(s.asks(AskExplanation{job}));
  std::vector<std::string> texts;
  for (const Reason& reason : why.reasons) texts.push_back(reason.word + ": " + reason.text);
  return texts;
}

bool is_told(Scenario& s, JobId job, const std::string& text) {
  for (const std::string& reason : reasons(s, job)) {
    if (says(reason, text)) return true;
  }
  return false;
}

}  // namespace

// ---------------------------------------------------------------- slots

TEST_CASE("a submitter has no more slots than its limit, however many are idle, and is told why") {
  SharedWorkshop s(with("alice", {.slots = 3}));
  s.slots("a", 4);
  s.slots("b", 4);
  const JobId hers = s.submits_as("alice");
  s.works(30);
  CHECK(s.active(hers) == 3);
  CHECK(s.asked == 0);  // nothing is split for slots that it may not have
  CHECK(is_told(s, hers, "limit: alice may use 3 slots at once: pqd was started with that --limit."));
  const JobId his = s.submits_as("bob");
  s.works(10);
  CHECK(s.active(his) == 5);
  CHECK(s.active(hers) == 3);
  const JobId more = s.submits_as("alice");
  CHECK(is_told(s, more, "limit: alice may use 3 slots"));
  CHECK_FALSE(is_told(s, his, "limit"));
}

TEST_CASE("the jobs of a submitter share what it may have, and take it from nobody else") {
  SharedWorkshop s(with("alice", {.slots = 4}));
  s.slots("a", 8);
  const JobId first = s.submits_as("alice");
  s.works(5);
  CHECK(s.active(first) == 4);
  const JobId second = s.submits_as("alice");
  CHECK(s.leaving(first) == 2);
  s.passes(limits::pass_pause + 1ms);
  CHECK(s.leaving(first) == 2);  // those that leave are enough
  s.works(1);
  CHECK(s.active(first) == 2);
  CHECK(s.active(second) == 2);
  const JobId his = s.submits_as("bob");
  s.works(5);
  CHECK(s.active(his) == 4);
  s.works(50);
  CHECK(s.active_of("alice") == 4);
  CHECK(s.active(his) == 4);
}

TEST_CASE("on one slot that a submitter may have its jobs take turns") {
  SharedWorkshop s(with("alice", {.slots = 1}));
  s.slots("a", 2);
  const JobId first = s.submits_as("alice");
  const JobId second = s.submits_as("alice");
  s.works(20);
  s.served_s.clear();
  s.works(200);
  CHECK(s.served_s[first] == doctest::Approx(100).epsilon(0.06));
  CHECK(s.served_s[second] == doctest::Approx(100).epsilon(0.06));
}

TEST_CASE("a job of higher priority takes the slots of its own submitter's others where there are no more") {
  SharedWorkshop s(with("*", {.slots = 2}));
  s.slots("a", 6);
  const JobId low = s.submits_as("alice");
  const JobId his = s.submits_as("bob");
  s.works(5);
  CHECK(s.active(low) == 2);
  const JobId high = s.submits_as("alice", 1);
  s.works(1);
  CHECK(s.active(high) == 2);
  CHECK(s.active(low) == 0);
  CHECK(s.active(his) == 2);
}

TEST_CASE("a step of several slots gets its room, though narrow jobs of the same submitter wait too") {
  SharedWorkshop s(with("alice", {.slots = 4}));
  s.slots("a", 8);
  const JobId narrow = s.submits_as("alice");
  s.works(5);
  CHECK(s.active(narrow) == 4);
  JobSpec spec = endless_of(0);
  spec.cpus = 3;
  s.client_is("alice");
  const JobId wide = s.submits_measured(spec);
  s.submitters[wide] = "alice";
  s.works(10);
  CHECK(s.shares_of(wide).leases == 1);
  CHECK(s.shares_of(narrow).leases == 1);
  spec.cpus = 5;
  const JobId never = s.submits(spec);
  CHECK(is_told(s, never, "alice may use 4 slots at once, and a step of this job needs 5"));
  s.works(3);
  CHECK(s.queue().jobs().at(never).ledger.leases() == 0);
}

TEST_CASE("a limit that a restart brings takes nothing away, and no more is granted until there is room") {
  Scenario s;
  auto& a = s.stranger("a").joins(4);
  s.client_is("alice");
  s.submits(endless_of(0));
  std::vector<Taken> leases;
  while (!a.is_granted_nothing()) leases.push_back(a.takes_lease());
  REQUIRE(leases.size() == 4);
  s.settings_are(with("alice", {.slots = 1}));
  s.restarts_head();
  a.beats();
  for (int i = 0; i < 3; ++i) {
    a.finishes(leases[static_cast<std::size_t>(i)], 1);
    CHECK(a.is_granted_nothing());
  }
  a.finishes(leases[3], 1);
  CHECK_FALSE(a.is_granted_nothing());
  s.ends_amid_work();
}

// ---------------------------------------------------------------- jobs

TEST_CASE("a submitter with as many jobs as it may have is refused another one, until one has ended") {
  SharedWorkshop s(with("alice", {.jobs = 2}));
  s.client_is("alice");
  const JobId first = s.submits(thousand);
  s.submits(thousand);
  Submit more{{7, 7}, {}};
  more.spec.range = thousand;
  const Refusal refused = s.is_refused(more);
  CHECK(refused.word == ErrorWord::too_much);
  CHECK(refused.detail == "alice has 2 jobs that have not ended, and pqd --limit allows 2");
  s.client_is("bob");
  s.submits(thousand);
  s.client_is("alice");
  s.restarts_head();
  CHECK(s.is_refused(more).word == ErrorWord::too_much);
  s.steers(first, Steering::cancel);
  CHECK(std::holds_alternative<Submitted>(s.asks(more)));
  CHECK(std::get<Submitted>(s.asks(more)).repeated);  // asked again, it is no further one
}

TEST_CASE("a failed job is not tried again beyond what its submitter may have") {
  Scenario s(with("alice", {.jobs = 1}));
  s.client_is("alice");
  JobSpec spec;
  spec.range = {0, 1};
  spec.attempts_max = 1;
  const JobId failed = s.submits(spec);
  auto& a = s.agent("a");
  a.fails(a.takes_lease(), upto(1), "boom");
  REQUIRE(s.job(failed).state == JobState::failed);
  const JobId other = s.submits(thousand);
  CHECK(s.is_refused(Steer{failed, Steering::retry}).word == ErrorWord::too_much);
  s.steers(other, Steering::cancel);
  CHECK(s.steers(failed, Steering::retry).state == JobState::running);
  s.ends_amid_work();
}

// ---------------------------------------------------------------- bytes

TEST_CASE("files beyond what a submitter may store are refused with their job") {
  Scenario s(with("*", {.bytes = 100}));
  const std::string data(60, 'x');
  s.asks(PutFile{sha256_of(data), data.size(), 0, {data}});
  s.client_is("alice");
  const JobId first = s.submits(collecting(10, 60));
  const Refusal refused = s.is_refused(Submit{{7, 7}, collecting(10, 60)});
  CHECK(refused.word == ErrorWord::too_much);
  CHECK(refused.detail ==
        "the jobs of alice have 60 bytes in files and collected output, this one needs 60 more, and pqd "
        "--limit "
        "allows 100");
  s.client_is("bob");
  s.submits(collecting(10, 60));
  s.client_is("alice");
  s.steers(first, Steering::cancel);
  s.submits(collecting(10, 60));
}

TEST_CASE("a job that collects more than its submitter may store ends, and others go on") {
  Scenario s(with("alice", {.bytes = 100}));
  s.client_is("alice");
  const JobId quiet = s.submits(collecting(10));
  const JobId loud = s.submits(collecting(10));
  auto& a = s.stranger("a").knows_only({Kernel::exec}).joins(2);
  std::vector<Taken> leases = {a.takes_lease(), a.takes_lease()};
  const Taken& of_loud = leases[0].job == loud ? leases[0] : leases[1];
  const auto delivers = [&](std::uint64_t seq, const Taken& lease, std::size_t bytes) {
    Output output{"a", a.introduction().incarnation, seq, {}, {}};
    output.outputs = {
        {lease.job, lease.id, {lease.begin, lease.begin + 1}, 0, true, {std::string(bytes, 'x')}}};
    a.delivers(output);
  };
  delivers(1, of_loud, 100);
  CHECK(s.job(loud).state == JobState::running);
  a.commits(of_loud, upto(of_loud.begin + 1), std::nullopt);
  CHECK(s.job(loud).state == JobState::running);
  Output more{"a", a.introduction().incarnation, 2, {}, {}};
  more.outputs = {{loud, of_loud.id, {of_loud.begin + 1, of_loud.begin + 2}, 0, true, {"y"}}};
  a.delivers(more);
  CHECK(s.job(loud).state == JobState::failed);
  CHECK(
      says(s.job(loud).error.value(),
           "the collected output of the jobs of alice are more than the 100 bytes that pqd --limit allows"));
  CHECK(s.job(quiet).state == JobState::running);
  s.ends_amid_work();
}

}  // namespace pq::tests
