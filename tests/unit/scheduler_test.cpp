// Decisions of the scheduler, compared as lists. Tests carry them out only to prepare a situation.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "daemon/core/leasing.h"
#include "daemon/core/scheduling/scheduler.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

struct Scene {
  Core core{QueueSettings{}, Epoch{1}};
  Now now{Instant{1h}, 1'000'000};
  Effects effects;

  Scene() { core.fleet.begin(Instant{}, now.instant + 1h); }

  AgentId agent(std::uint32_t slots) {
    const std::string name = "agent" + std::to_string(core.fleet.roster().all().size());
    Agent& agent = *core.fleet.roster().add("key", name);
    agent.row.slots = slots;
    agent.row.kernels = {Kernel::primes, Kernel::exec};
    agent.presence = Here{PeerId{agent.row.id.value}};
    agent.heard_at = now.instant;
    core.fleet.refresh(agent);
    return agent.row.id;
  }

  JobId job(Range range, std::uint32_t cpus = 1, std::int32_t priority = 0) {
    JobSpec spec;
    spec.range = range;
    spec.cpus = cpus;
    spec.priority = priority;
    return add(spec);
  }
  JobId program(Range range, bool collects) {
    JobSpec spec;
    spec.range = range;
    spec.kernel = Kernel::exec;
    spec.program = Program{};
    spec.program->words = {"mytool"};
    spec.program->run_width = 1;
    spec.program->collects = collects;
    return add(spec);
  }
  JobId add(const JobSpec& spec) {
    JobRow row;
    row.id = core.jobs.next_id();
    row.request.low = row.id.value;
    row.spec = spec;
    Ledger ledger(row.id, spec.range, spec.fold, core.changes);
    const JobId id = core.jobs.add(row, std::move(ledger)).row.id;
    rank();
    return id;
  }

  LeaseId leases(JobId job, AgentId holder, Range range) {
    const LeaseId id = core.fleet.leases().coming_id();
    Turn turn{core, now, effects};
    Leasing(turn).begin(job, holder, range);
    rank();
    return id;
  }

  // As Queue does it, for jobs that wait for slots.
  void rank() {
    for (const JobId id : core.jobs.take_unranked()) place(id);
    for (const auto& [id, job] : core.jobs.all()) place(id);
  }
  void place(JobId id) {
    const Job& job = core.jobs.at(id);
    core.shares.place(id, {.priority = job.row.spec.priority,
                           .demand = job.demand,
                           .leases = job.ledger.leases(),
                           .leaving = job.leaving,
                           .is_hungry = job.ledger.has_free()});
  }

  void measures(AgentId agent, JobId job, double per_integer_s) {
    core.fleet.at(agent).paces[job] = {0, per_integer_s};
    core.jobs.at(job).measured_by.insert(agent);
    core.jobs.at(job).usual_before = Cost{0, per_integer_s};
  }
};

const AskEnd& only_end(const Decisions& decisions) {
  REQUIRE(decisions.size() == 1);
  return std::get<AskEnd>(decisions.front());
}

}  // namespace

TEST_CASE("an idle slot is to be granted work of the first job in line") {
  Scene s;
  const AgentId a = s.agent(1);
  s.job({0, 1000});
  const JobId urgent = s.job({0, 500}, 1, 5);
  const Decisions granted = {Grant{urgent, a, {0, 500}}};
  CHECK(plan_slot(s.core, a, s.now).decisions == granted);
}

TEST_CASE("a decision changes nothing: asked again, the scheduler decides the same") {
  Scene s;
  const AgentId a = s.agent(2);
  const JobId job = s.job({0, 1000});
  const Decisions first = plan_slot(s.core, a, s.now).decisions;
  REQUIRE(first.size() == 1);
  CHECK(plan_slot(s.core, a, s.now).decisions == first);
  CHECK(s.core.jobs.at(job).ledger.leases() == 0);
  CHECK(s.core.fleet.at(a).slots_busy == 0);
}

TEST_CASE("slots of one agent are kept for a step that needs more than are idle there, and of no other") {
  Scene s;
  const AgentId a = s.agent(2);
  const AgentId b = s.agent(2);
  const JobId narrow = s.job({0, 100});
  s.leases(narrow, a, {0, 50});
  s.leases(narrow, b, {50, 100});
  const JobId wide = s.job({0, 1000}, 2);
  const SlotPlan plan = plan_slot(s.core, a, s.now);
  CHECK(plan.decisions == Decisions{Gather{wide, a}});
  CHECK(plan.slots_are_kept);
  s.core.jobs.at(wide).gathers_on = a;
  const SlotPlan other = plan_slot(s.core, b, s.now);
  CHECK(other.decisions.empty());
  CHECK_FALSE(other.slots_are_kept);
  SUBCASE("where that agent takes no more work, another one gathers") {
    s.core.fleet.at(a).draining = true;
    CHECK(plan_slot(s.core, b, s.now).decisions == Decisions{Gather{wide, b}});
  }
}

TEST_CASE("the longest lease is asked to end where its holder and an idle slot would end together") {
  Scene s;
  const AgentId a = s.agent(2);
  const AgentId b = s.agent(1);
  const JobId job = s.job({0, 30'000});
  s.measures(a, job, 0.001);
  s.measures(b, job, 0.001);
  s.leases(job, a, {0, 10'000});
  const LeaseId longest = s.leases(job, a, {10'000, 30'000});
  const AskEnd ask = only_end(plan_splits(s.core, s.now));
  CHECK(ask.lease == longest);
  CHECK(ask.end > 19'000);
  CHECK(ask.end < 21'000);
  CHECK_FALSE(s.core.fleet.lease(longest).end_asked);
  CHECK(s.core.fleet.at(b).slots_busy == 0);
}

TEST_CASE("only who is silent loses a lease to idle slots, and no more leases than there are such slots") {
  Scene s;
  const AgentId a = s.agent(3);
  const JobId job = s.job({0, 300});
  const LeaseId first = s.leases(job, a, {0, 100});
  s.leases(job, a, {100, 200});
  s.leases(job, a, {200, 300});
  s.agent(1);
  CHECK(plan_take_back(s.core).empty());
  s.core.fleet.at(a).presence = Quiet{PeerId{a.value}};
  CHECK(plan_take_back(s.core) == Decisions{TakeBack{first}});
  s.core.jobs.at(job).row.state = JobState::paused;
  CHECK(plan_take_back(s.core).empty());
}

TEST_CASE("a step that is stuck is copied to an idle slot, unless its output is collected") {
  for (const bool collects : {false, true}) {
    Scene s;
    const AgentId a = s.agent(1);
    const JobId job = s.program({0, 1}, collects);
    s.measures(a, job, 0.1);
    const LeaseId lease = s.leases(job, a, {0, 1});
    const AgentId b = s.agent(1);
    CHECK(plan_copies(s.core).empty());
    s.core.fleet.at(a).heard_at = s.now.instant + 60s;  // and its holder still computes the same
    CHECK(plan_copies(s.core) == (collects ? Decisions{} : Decisions{MakeCopy{lease, b}}));
  }
}

TEST_CASE(
    "a job that has all slots is asked to leave one to a job that has none, and the line stays as it is") {
  Scene s;
  const AgentId a = s.agent(2);
  const JobId greedy = s.job({0, 100'000'000});
  s.leases(greedy, a, {0, 50'000'000});
  s.leases(greedy, a, {50'000'000, 100'000'000});
  const JobId poor = s.job({0, 100'000'000});
  s.now.instant = s.now.instant + 1min;  // everybody's turn is over
  s.core.shares.tell_time(s.now.instant);
  REQUIRE(s.core.shares.next_taker());
  const Rank before = s.core.shares.rank(greedy);
  const Decisions decided = plan_takeovers(s.core, s.core.shares, s.now);
  REQUIRE(decided.size() == 1);
  CHECK(s.core.fleet.lease(std::get<AskLeave>(decided.front()).lease).job == greedy);
  CHECK(s.core.shares.rank(greedy).own.slots == before.own.slots);
  CHECK(s.core.shares.rank(poor).own.slots == 0);
  CHECK(s.core.shares.next_taker());  // nothing was carried out
  CHECK(plan_takeovers(s.core, s.core.shares, s.now) == decided);
}

}  // namespace pq::tests
