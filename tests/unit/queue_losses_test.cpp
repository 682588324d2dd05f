// Agents that are lost with the same run in hand, and such as are lost by accident.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/values/limits.h"
#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

JobSpec items(std::uint64_t count, std::uint64_t run_width = 1) {
  JobSpec spec;
  spec.range = {0, count};
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"./sim", "{lo}", "{hi}"};
  spec.program->run_width = run_width;
  return spec;
}

// Agents that are started again whenever they die, and die whenever they compute one of these integers.
struct Deadly : Scenario {
  std::vector<ScriptedAgent*> agents;
  std::set<std::uint64_t> killers;
  int deaths = 0;

  Deadly(std::size_t count, std::uint32_t slots) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& agent = stranger("a" + std::to_string(i));
      agent.knows_only({Kernel::exec}).joins(slots);
      agents.push_back(&agent);
    }
  }

  void dies(ScriptedAgent& agent) {
    ++deaths;
    agent.restarts();
    agent.joins(static_cast<std::uint32_t>(agent.introduction().slots));
  }

  bool is_deadly(const Taken& lease) const {
    const auto killer = killers.lower_bound(lease.begin);
    return killer != killers.end() && *killer < lease.end;
  }

  // How many losses are recorded against the part that begins there, leased or free.
  std::uint32_t losses_at(JobId id, std::uint64_t begin) const {
    const SpanState& state = queue().jobs().at(id).ledger.spans().at(begin).state;
    if (const auto* leased = std::get_if<Leased>(&state)) return leased->evidence.losses;
    return std::get<Free>(state).evidence.losses;
  }

  void play(JobId id) {
    for (int round = 0; round < 3000 && !has_ended(job(id).state); ++round) {
      ScriptedAgent& agent = *agents[static_cast<std::size_t>(round) % agents.size()];
      passes(100ms);
      std::vector<Taken> taken;
      while (!agent.is_granted_nothing()) taken.push_back(agent.takes_lease());
      bool dies_now = false;
      for (const Taken& lease : taken) dies_now = dies_now || is_deadly(lease);
      if (dies_now) {
        dies(agent);
        continue;
      }
      for (const Taken& lease : taken)
        agent.finishes(lease, static_cast<std::int64_t>(lease.end - lease.begin));
    }
  }
};

}  // namespace

TEST_CASE("a run that kills its agents is given up, its neighbours are computed") {
  for (const std::uint64_t run_width : {1U, 0U, 5U}) {
    CAPTURE(run_width);
    Deadly s(4, 1);
    s.ends_amid_work();
    s.killers = {7};
    const JobId id = s.submits(items(40, run_width));
    s.play(id);
    const JobReport job = s.job(id);
    CHECK(job.state == JobState::failed);
    CHECK(job.done == 39);
    CHECK(job.failed == 1);
    CHECK(job.value == value(39));
    CHECK(job.attempts_failed == 0);
    CHECK(s.deaths <= static_cast<int>(limits::crash_limit_usual) + 1);
    CHECK(s.times(Happening::run_kills_agents) == 1);
    REQUIRE(job.failed_spans.size() == 1);
    CHECK(job.failed_spans[0].range == Range{7, 8});
    CHECK(job.failed_spans[0].losses >= limits::crash_limit_usual);
    CHECK(says(job.failed_spans[0].error, "agents were lost while they computed it"));
    const auto told = std::get<Explanation>(s.asks(AskExplanation{id}));
    CHECK(std::any_of(told.reasons.begin(), told.reasons.end(), [](const Reason& reason) {
      return reason.advice && says(*reason.advice, "With --memory a run fails");
    }));
  }
}

TEST_CASE("what else an agent computed when it died is computed, also on agents of many slots") {
  Deadly s(3, 8);
  s.ends_amid_work();
  s.killers = {3, 21};
  const JobId id = s.submits(items(60));
  s.play(id);
  const JobReport job = s.job(id);
  CHECK(job.failed == 2);
  CHECK(job.done == 58);
  CHECK(s.deaths <= 2 * (static_cast<int>(limits::crash_limit_usual) + 1));
}

TEST_CASE("with --crash-limit never a run that kills its agents goes on killing them") {
  Deadly s(2, 1);
  s.ends_amid_work();
  s.killers = {1};
  JobSpec spec = items(4);
  spec.crash_limit = 0;
  const JobId id = s.submits(spec);
  for (int i = 0; i < 12; ++i) {
    ScriptedAgent& agent = *s.agents[static_cast<std::size_t>(i) % 2];
    s.passes(1s);
    if (!agent.is_granted_nothing()) s.dies(agent), agent.beats();
  }
  CHECK(s.job(id).failed == 0);
  CHECK(s.job(id).state == JobState::running);
}

TEST_CASE("a part is not held against when its agent drains, is warned, or comes back") {
  Deadly s(2, 1);
  s.ends_amid_work();
  const JobId id = s.submits(items(1));
  ScriptedAgent& a = *s.agents[0];
  ScriptedAgent& b = *s.agents[1];
  ScriptedAgent& holder = a.is_granted_nothing() ? b : a;
  holder.takes_lease();
  SUBCASE("it drains") {
    holder.starts_to_drain();
    s.dies(holder);
    CHECK(s.losses_at(id, 0) == 0);
  }
  SUBCASE("its cloud has announced its end") {
    Beat warned = holder.beat();
    warned.notice = Notice{NoticeKind::interruption, "EC2 Spot: terminate", {}};
    holder.says(warned);
    s.dies(holder);
    CHECK(s.losses_at(id, 0) == 0);
  }
  SUBCASE("it was only silent") {
    (&holder == &a ? b : a).says_goodbye();
    holder.falls_silent();
    s.passes(limits::lease_term + 1s);
    CHECK(s.spans(id) == "free 0:1 lost 1");
    holder.beats();
    CHECK(s.spans(id).find("lost") == std::string::npos);
  }
  SUBCASE("it died") {
    s.dies(holder);
    CHECK(s.losses_at(id, 0) == 1);
  }
}

TEST_CASE("what was given up is computed after all if one of its agents was only silent") {
  Deadly s(4, 1);
  s.ends_amid_work();
  const JobId id = s.submits(items(2, 1));
  const auto holder_of = [&](std::uint64_t begin) -> ScriptedAgent& {
    const Leased* leased = s.queue().jobs().at(id).ledger.leased_at(begin);
    REQUIRE(leased != nullptr);
    const std::string& name = s.queue().roster().all().at(leased->agent).row.name;
    return **std::find_if(s.agents.begin(), s.agents.end(),
                          [&](ScriptedAgent* agent) { return agent->introduction().name == name; });
  };
  ScriptedAgent& busy = holder_of(1);  // so that the job goes on
  const Taken beyond = busy.takes_lease();
  std::vector<ScriptedAgent*> silent;
  while (!says(s.spans(id), "failed 0:1")) {
    REQUIRE(silent.size() < 3);
    silent.push_back(&holder_of(0));
    silent.back()->falls_silent();
    s.passes(limits::lease_term + 1s);
  }
  silent[1]->beats();
  CHECK(s.losses_at(id, 0) == 2);
  CHECK(s.job(id).failed == 0);
  busy.finishes(beyond, 1);
  ScriptedAgent& able = holder_of(0);
  able.finishes(able.takes_lease(), 1);
  CHECK(s.job(id).state == JobState::done);
}

TEST_CASE("only the step under way is held against, as far as it was told") {
  Scenario s;
  s.ends_amid_work();
  auto& a = s.stranger("a");
  a.knows_only({Kernel::exec}).joins(1);
  const JobId id = s.submits(items(100, 1));
  a.measures(id, 0.1);
  a.finishes(a.takes_lease(), 1);
  const Taken lease = a.takes_lease();
  REQUIRE(lease.end - lease.begin > 20);
  a.computes(lease, upto(lease.begin + 3));
  a.falls_silent();
  s.passes(limits::lease_term + 1s);
  // That step, and what may have begun before the next beat.
  const std::string at = std::to_string(lease.begin);
  const std::string end = std::to_string(lease.begin + 9);
  CHECK(says(s.spans(id), "free " + at + ":" + end + " lost 1, free " + end));
}

TEST_CASE("a restarted head blames nobody for agents that do not come back to it") {
  Deadly s(1, 1);
  s.ends_amid_work();
  const JobId id = s.submits(items(1));
  s.agents[0]->takes_lease();
  s.restarts_head();
  s.agents[0]->falls_silent();
  s.passes(limits::restart_term + 1s);
  CHECK(s.spans(id) == "free 0:1");
}

TEST_CASE("what agents were lost with is known after the head's restart") {
  Deadly s(2, 1);
  s.ends_amid_work();
  const JobId id = s.submits(items(1));
  ScriptedAgent& holder = s.agents[0]->is_granted_nothing() ? *s.agents[1] : *s.agents[0];
  holder.takes_lease();
  s.dies(holder);
  s.restarts_head();
  CHECK(s.losses_at(id, 0) == 1);
}

}  // namespace pq::tests
