// What the head gives to express places: small counts and programs that ask for it, while slots are busy.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/core/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr Range long_one{1'000'000'000'000'000'000, 1'100'000'000'000'000'000};
constexpr Range small_one{10'000'000, 11'000'000};

JobSpec short_program(std::uint64_t run_width = 1) {
  JobSpec spec;
  spec.range = {0, 100};
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"date"};
  spec.program->run_width = run_width;
  spec.program->timeout_ms = 10'000;
  spec.program->express = true;
  return spec;
}

// An agent whose only slot is busy with a long job.
struct Busy : Scenario {
  ScriptedAgent* a = nullptr;
  JobId long_job;
  Taken long_lease;

  Busy() {
    a = &joins("a");
    long_job = submits(long_one);
    long_lease = a->takes_lease();
  }
  ScriptedAgent& joins(const std::string& name) {
    std::vector<Kernel> kernels(sieve_kernels.begin(), sieve_kernels.end());
    kernels.push_back(Kernel::exec);
    return stranger(name).knows_only(kernels).has_express().joins(1);
  }
  bool is_beside_slots(const Taken& lease) {
    const Lease* held = queue().leases().find(lease.id);
    REQUIRE(held != nullptr);
    return held->express_s.has_value();
  }
  const Agent& of(const ScriptedAgent& agent) const {
    for (const auto& [id, known] : queue().roster().all()) {
      if (known.row.name == agent.name()) return known;
    }
    FAIL("no such agent");
    return queue().roster().all().begin()->second;
  }
};

// ---------------------------------------------------------------- small counts

TEST_CASE("a small count is granted beside a busy slot, whole and in the same turn") {
  Busy s;
  const JobId small = s.submits(small_one);
  s.a->reads();  // unasked
  const Taken lease = s.a->takes_lease();
  CHECK(lease.job == small);
  CHECK(lease.begin == small_one.begin);
  CHECK(lease.end == small_one.end);
  CHECK(s.a->is_told_express(lease));
  CHECK_FALSE(s.a->is_told_express(s.long_lease));
  CHECK(s.job(small).slots_busy == 0);
  CHECK(s.job(small).express == 1);
  CHECK(s.of(*s.a).slots_busy == 1);
  s.a->finishes(lease, 60'278);
  CHECK(s.job(small).state == JobState::done);
  CHECK(s.job(small).express == 0);
  CHECK_FALSE(s.a->end_asked(s.long_lease));
  s.ends_amid_work();
}

TEST_CASE("an idle slot is better") {
  Busy s;
  auto& b = s.joins("b");
  b.takes_lease();
  s.steers(s.long_job, Steering::cancel);
  s.submits(small_one);
  s.submits(small_one);
  CHECK_FALSE(s.is_beside_slots(s.a->takes_lease()));
  CHECK_FALSE(s.is_beside_slots(b.takes_lease()));
  CHECK(s.of(*s.a).express.counts + s.of(b).express.counts == 0);
  s.ends_amid_work();
}

TEST_CASE("what is expected to take a second or more waits for slots") {
  Busy s;
  s.submits(Range{10'000'000, 10'000'000 + 100'000'000'000});
  CHECK(s.a->is_granted_nothing());
  s.ends_amid_work();
}

TEST_CASE("an agent that says nothing of express places is given none") {
  Scenario s;
  auto& old = s.agent("old");
  s.submits(long_one);
  old.takes_lease();
  s.submits(small_one);
  CHECK(old.is_granted_nothing());
  s.ends_amid_work();
}

TEST_CASE("an agent that drains is given nothing there either") {
  Busy s;
  s.a->starts_to_drain();
  s.submits(small_one);
  CHECK(s.a->leases() == 0);
  CHECK(s.a->is_granted_nothing());
  s.ends_amid_work();
}

TEST_CASE("nine are on their way at once, and each end makes room for the next") {
  Busy s;
  for (int i = 0; i < 20; ++i) s.submits(small_one);
  std::vector<Taken> leases;
  for (std::uint32_t i = 0; i < limits::express_counts_max; ++i) leases.push_back(s.a->takes_lease());
  CHECK(s.a->is_granted_nothing());
  s.a->finishes(leases.front(), 60'278);
  CHECK(s.is_beside_slots(s.a->takes_lease()));
  CHECK(s.a->is_granted_nothing());
  s.ends_amid_work();
}

TEST_CASE("the agent with the least to do there is given the next one") {
  Busy s;
  auto& b = s.joins("b");
  b.takes_lease();
  for (int i = 0; i < 4; ++i) s.submits(small_one);
  s.a->beats();
  b.beats();
  CHECK(s.of(*s.a).express.counts == 2);
  CHECK(s.of(b).express.counts == 2);
  s.ends_amid_work();
}

TEST_CASE("among small counts a higher priority goes first") {
  Busy s;
  for (int i = 0; i < 9; ++i) s.submits(small_one);
  std::vector<Taken> leases;
  for (int i = 0; i < 9; ++i) leases.push_back(s.a->takes_lease());
  s.submits(small_one);
  JobSpec urgent;
  urgent.range = small_one;
  urgent.priority = 1;
  const JobId high = s.submits(urgent);
  s.a->finishes(leases.front(), 60'278);
  CHECK(s.a->takes_lease().job == high);
  s.ends_amid_work();
}

TEST_CASE("a great work in small pieces does not get more than its part of a core") {
  Busy s;
  // Half a second each, so that the fifth is beyond the burst.
  const Range half{10'000'000, 10'000'000 + 4'900'000'000};
  const double each_s = expected_cost(Kernel::primes, half.begin).seconds(4.9e9);
  REQUIRE(each_s > 0.4);
  REQUIRE(each_s < 0.5);
  for (int i = 0; i < 50; ++i) s.submits(half);
  int given = 0;
  while (!s.a->is_granted_nothing()) {
    s.a->finishes(s.a->takes_lease(), 1);
    ++given;
  }
  CHECK(given * each_s <= seconds(limits::express_burst));
  CHECK(given * each_s > seconds(limits::express_burst) - 1);
  s.passes(1s);
  CHECK_FALSE(s.a->is_granted_nothing());
  s.ends_amid_work();
}

TEST_CASE("what a dearer count than expected gives back is no small one any more") {
  Busy s;
  const JobId small = s.submits(small_one);
  const Taken lease = s.a->takes_lease();
  s.a->measures(small, 1e-5);  // 10 s in all
  s.a->commits(lease, upto(10'100'000), value(6'000));
  s.a->ends_earlier(lease, 10'100'000);
  CHECK(s.a->is_granted_nothing());
  CHECK(s.job(small).done == 100'000);
  CHECK(s.of(*s.a).express.counts == 0);
  s.ends_amid_work();
}

TEST_CASE("the small rest of a long job that was paused and goes on is a small count") {
  Scenario s;
  auto& a = s.stranger("a").has_express().joins(1);
  const JobId job = s.submits(small_one);
  const Taken lease = a.takes_lease();
  s.steers(job, Steering::pause);
  a.commits(lease, upto(10'900'000), value(55'000));
  a.ends_earlier(lease, 10'900'000);
  s.submits(long_one);
  a.takes_lease();
  s.steers(job, Steering::resume);
  const Taken rest = a.takes_lease();
  CHECK(rest.job == job);
  CHECK(rest.begin == 10'900'000);
  CHECK(s.queue().leases().find(rest.id)->express_s);
  s.ends_amid_work();
}

TEST_CASE("pausing and cancelling reach what is computed beside slots") {
  Busy s;
  const JobId small = s.submits(small_one);
  const Taken lease = s.a->takes_lease();
  s.steers(small, Steering::pause);
  s.a->beats();
  CHECK(s.a->end_asked(lease) == small_one.begin);
  s.steers(small, Steering::cancel);
  s.a->beats();
  CHECK_FALSE(s.a->holds(lease));
  CHECK(s.of(*s.a).express.counts == 0);
  s.ends_amid_work();
}

TEST_CASE("what a lost agent held beside its slots is free at the end of the lease's term") {
  Busy s;
  const JobId small = s.submits(small_one);
  s.a->takes_lease();
  s.a->falls_silent();
  s.passes(limits::lease_term + 1s);
  CHECK(s.of(*s.a).express.counts == 0);
  auto& b = s.joins("b");
  std::vector<Taken> leases = {b.takes_lease(), b.takes_lease()};
  CHECK((leases[0].job == small || leases[1].job == small));
  s.ends_amid_work();
}

TEST_CASE("after the head's restart a lease is what its holder says that it is") {
  Busy s;
  const JobId small = s.submits(small_one);
  const Taken lease = s.a->takes_lease();
  s.restarts_head();
  s.a->reconnects();
  CHECK(s.of(*s.a).slots_busy == 2);
  s.a->beats();
  CHECK(s.of(*s.a).slots_busy == 1);
  CHECK(s.is_beside_slots(lease));
  CHECK(s.job(small).slots_busy == 0);
  s.a->finishes(lease, 60'278);
  CHECK(s.job(small).state == JobState::done);
  s.ends_amid_work();
}

TEST_CASE("of a restarted head's leases no more are believed to be express than could have been granted") {
  Scenario s;
  auto& a = s.stranger("a").joins(20);
  std::vector<Taken> leases;
  for (int i = 0; i < 20; ++i) s.submits(long_one);
  for (int i = 0; i < 20; ++i) leases.push_back(a.takes_lease());
  s.restarts_head();
  a.reconnects();
  a.has_express();
  Beat lie = a.beat();
  for (LeaseView& view : lie.leases) view.express = true;
  a.says(lie);
  std::size_t express = 0;
  for (const auto& [id, lease] : s.queue().leases().all()) express += lease.express_s ? 1 : 0;
  CHECK(express == limits::express_counts_max);
  s.ends_amid_work();
}

// ---------------------------------------------------------------- programs that ask for it

TEST_CASE("a program that asks for it runs beside a busy slot, one lease at a time") {
  Busy s;
  const JobId asked = s.submits(short_program());
  const Taken first = s.a->takes_lease();
  CHECK(first.job == asked);
  CHECK(s.a->is_told_express(first));
  CHECK(s.a->is_granted_nothing());
  CHECK(s.job(asked).slots_busy == 0);
  s.a->finishes(first, 1);
  const Taken second = s.a->takes_lease();
  CHECK(second.job == asked);
  CHECK(second.begin == first.end);
  s.ends_amid_work();
}

TEST_CASE("a program that does not ask for it waits for a slot") {
  Busy s;
  JobSpec spec = short_program();
  spec.program->express = false;
  s.submits(spec);
  CHECK(s.a->is_granted_nothing());
  s.ends_amid_work();
}

TEST_CASE("a small count does not wait for a program that asked for it") {
  Busy s;
  s.submits(short_program());
  s.a->takes_lease();
  const JobId small = s.submits(small_one);
  CHECK(s.a->takes_lease().job == small);
  s.ends_amid_work();
}

TEST_CASE("programs that ask for it take turns") {
  Busy s;
  const JobId one = s.submits(short_program());
  const Taken first = s.a->takes_lease();
  const JobId two = s.submits(short_program());
  s.a->finishes(first, 1);
  const Taken second = s.a->takes_lease();
  CHECK(second.job == two);
  s.a->finishes(second, 1);
  CHECK(s.a->takes_lease().job == one);
  s.ends_amid_work();
}

TEST_CASE("leases beside slots end where runs do") {
  Busy s;
  s.submits(short_program(30));
  const Taken first = s.a->takes_lease();
  CHECK(first.end == 30);
  s.ends_amid_work();
}

TEST_CASE("slots that are idle take of it as of any job") {
  Busy s;
  auto& b = s.joins("b");
  const Taken other = b.takes_lease();
  s.steers(s.long_job, Steering::pause);
  b.drops(other);
  const JobId asked = s.submits(short_program());
  std::vector<Taken> leases = {s.a->takes_lease(), b.takes_lease(), b.takes_lease()};
  std::size_t beside = 0;
  for (const Taken& lease : leases) {
    CHECK(lease.job == asked);
    beside += s.is_beside_slots(lease) ? 1 : 0;
  }
  CHECK(beside == 2);
  CHECK(s.job(asked).slots_busy == 1);
  CHECK(s.job(asked).express == 2);
  s.ends_amid_work();
}

// ---------------------------------------------------------------- what people are told

std::vector<std::string> words(Scenario& s, JobId job) {
  std::vector<std::string> words;
  const auto explanation = std::get<Explanation>(s.asks(AskExplanation{job}));
  for (const Reason& reason : explanation.reasons) words.push_back(reason.word);
  return words;
}

TEST_CASE("a small count that waits is told why no express place takes it") {
  Scenario s;
  auto& old = s.agent("old");
  s.submits(long_one);
  old.takes_lease();
  const JobId waits = s.submits(small_one);
  CHECK(words(s, waits) == std::vector<std::string>{"shares", "no_express"});
  s.ends_amid_work();
}

TEST_CASE("one that waits for full places, and one that runs beside the slots, are told so") {
  Busy s;
  const JobId runs = s.submits(small_one);
  for (int i = 0; i < 8; ++i) s.submits(small_one);
  const JobId waits = s.submits(small_one);
  CHECK(words(s, runs) == std::vector<std::string>{"express"});
  CHECK(words(s, waits) == std::vector<std::string>{"shares", "express_full"});
  s.ends_amid_work();
}

TEST_CASE("reports tell which agents have express places, and which leases are there") {
  Busy s;
  s.submits(small_one);
  s.a->takes_lease();
  const auto agents = std::get<AgentsReport>(s.asks(AskAgents{})).agents;
  REQUIRE(agents.size() == 1);
  CHECK(agents[0].express);
  CHECK(agents[0].busy == 1);
  REQUIRE(agents[0].leases.size() == 2);
  CHECK_FALSE(agents[0].leases[0].express);
  CHECK(agents[0].leases[1].express);
  s.ends_amid_work();
}

}  // namespace
}  // namespace pq::tests
