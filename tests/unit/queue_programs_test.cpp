// Jobs that run programs: who may compute them, what they print, and what becomes of failures.
#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "daemon/core/limits.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

JobSpec runs(Range range) {
  JobSpec spec;
  spec.range = range;
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"./sim", "{lo}", "{hi}"};
  return spec;
}

JobSpec collects(Range range) {
  JobSpec spec = runs(range);
  spec.fold = Fold::none;
  spec.program->collects = true;
  return spec;
}

// An agent that may run programs.
ScriptedAgent& runner(Scenario& s, const std::string& name, std::uint32_t slots = 1,
                      std::vector<Label> labels = {}) {
  auto& agent = s.stranger(name);
  agent.knows_only({Kernel::exec}).has_labels(std::move(labels)).joins(slots);
  return agent;
}

}  // namespace

// ---------------------------------------------------------------- what they are worth

TEST_CASE("a decimal total is told rounded, and is an error beyond the largest double") {
  Scenario s;
  auto& a = runner(s, "a", 2);
  constexpr double largest = std::numeric_limits<double>::max();
  for (const auto& [first, second, total] :
       {std::tuple(0.1, 0.2, std::optional(0.1 + 0.2)), std::tuple(1e16, 1.0, std::optional(1e16)),
        std::tuple(largest, largest, std::optional<double>())}) {
    const JobId job = s.submits(runs({0, 2}));
    const Taken left = a.takes_lease();
    const Taken right = a.takes_lease();
    a.commits(left, upto(left.end), Value(first));
    a.commits(right, upto(right.end), Value(second));
    CHECK(s.job(job).state == (total ? JobState::done : JobState::failed));
    CHECK(s.job(job).value == (total ? std::optional<Value>(*total) : std::nullopt));
    if (total) continue;
    CHECK(*s.job(job).error ==
          "the total does not fit: it is beyond the largest decimal number, 1.7976931348623157e+308");
  }
}

// ---------------------------------------------------------------- who may compute them

TEST_CASE("a program runs only where programs may run, and the job says so") {
  Scenario s;
  s.agent("a");
  const JobId id = s.submits(runs({0, 10}));
  CHECK(s.job(id).unplaced == "no agent may run programs: start pq-agent with --allow-exec");
  auto& b = runner(s, "b");
  CHECK(b.takes_lease().job == id);
  CHECK_FALSE(s.job(id).unplaced);
  CHECK(s.agent("a").is_granted_nothing());
}

TEST_CASE("a job that requires a label waits for an agent that has it") {
  Scenario s;
  auto& a = runner(s, "a", 1, {{"zone", "a"}});
  JobSpec spec = runs({0, 10});
  spec.require = {{"zone", "b"}};
  const JobId id = s.submits(spec);
  CHECK(a.is_granted_nothing());
  CHECK(says(*s.job(id).unplaced, "no agent has zone=b"));
  CHECK(runner(s, "b", 1, {{"arch", "arm64"}, {"zone", "b"}}).takes_lease().job == id);
}

TEST_CASE("without any agent a job says that too, and a paused one says nothing") {
  Scenario s;
  const JobId id = s.submits(Range{0, 10});
  CHECK(says(*s.job(id).unplaced, "no agent is accepting work"));
  CHECK_FALSE(s.steers(id, Steering::pause).unplaced);
}

TEST_CASE("what a program is told of comes with the first lease of its job") {
  Scenario s;
  JobSpec spec = runs({5, 10});
  spec.cpus = 2;
  const JobId id = s.submits(spec);
  auto& a = runner(s, "a", 2);
  a.takes_lease();
  REQUIRE(a.orders().jobs.size() == 1);
  CHECK(a.orders().jobs[0] == JobOrder{id, Kernel::exec, Fold::sum, 5, 2, spec.program});
  CHECK(a.orders().leases[0].attempts_failed == 0);
}

TEST_CASE("a spec that makes no sense is refused by the head too") {
  Scenario s;
  JobSpec spec = runs({0, 10});
  spec.program.reset();
  CHECK(s.is_refused(Submit{{1, 1}, spec}).word == ErrorWord::malformed);
  spec = runs({0, 10});
  spec.kernel = Kernel::primes;
  CHECK(s.is_refused(Submit{{1, 2}, spec}).word == ErrorWord::malformed);
  spec = runs({0, 10});
  spec.program->words.clear();
  CHECK(s.is_refused(Submit{{1, 3}, spec}).word == ErrorWord::malformed);
  spec = runs({0, 10});
  spec.cpus = 0;
  CHECK(s.is_refused(Submit{{1, 4}, spec}).word == ErrorWord::malformed);
}

// ---------------------------------------------------------------- several slots

TEST_CASE("a step that needs more slots than any agent has is not placed") {
  Scenario s;
  auto& a = runner(s, "a", 2);
  JobSpec spec = runs({0, 10});
  spec.cpus = 3;
  const JobId id = s.submits(spec);
  CHECK(a.is_granted_nothing());
  CHECK(says(*s.job(id).unplaced,
             "needs 3 slots of one agent, and none has more than 2: start an agent with more"));
}

TEST_CASE("an agent is given as many leases as its slots allow") {
  Scenario s;
  auto& a = runner(s, "a", 5);
  JobSpec spec = runs({0, 1'000'000});
  spec.cpus = 2;
  const JobId id = s.submits(spec);
  const Taken first = a.takes_lease();
  a.takes_lease();
  CHECK(a.is_granted_nothing());
  CHECK(s.job(id).slots_busy == 4);
  a.finishes(first, 1);
  a.takes_lease();
}

TEST_CASE("a job whose steps need all slots of an agent has its turn beside one that needs single slots") {
  Scenario s;
  auto& a = runner(s, "a", 2);
  const JobId narrow = s.submits(runs({0, 1'000'000'000}));
  std::deque<Taken> held = {a.takes_lease(), a.takes_lease()};
  JobSpec spec = runs({0, 1000});
  spec.cpus = 2;
  const JobId wide = s.submits(spec);
  for (int ends = 0; ends < 4 && s.job(wide).slots_busy == 0; ++ends) {
    REQUIRE_FALSE(held.empty());
    s.passes(1s);
    a.finishes(held.front(), 1);
    held.pop_front();
    if (!a.is_granted_nothing()) held.push_back(a.takes_lease());
  }
  CHECK(s.job(wide).slots_busy == 2);
  CHECK(s.job(narrow).slots_busy == 0);
}

TEST_CASE("slots are kept for a wide job on one agent, not on all") {
  Scenario s;
  auto& a = runner(s, "a", 2);
  auto& b = runner(s, "b", 2);
  const JobId narrow = s.submits(runs({0, 1'000'000'000}));
  const std::vector<Taken> on_a = {a.takes_lease(), a.takes_lease()};
  const std::vector<Taken> on_b = {b.takes_lease(), b.takes_lease()};
  JobSpec spec = runs({0, 1000});
  spec.cpus = 2;
  const JobId wide = s.submits(spec);
  a.finishes(on_a[0], 1);
  CHECK(a.is_granted_nothing());
  b.finishes(on_b[0], 1);
  CHECK(b.takes_lease().job == narrow);
  a.says_goodbye();  // with it goes the place that was kept
  b.finishes(on_b[1], 1);
  CHECK(b.is_granted_nothing());
  CHECK(s.job(wide).slots_busy == 0);
}

// ---------------------------------------------------------------- runs of a fixed width

TEST_CASE("leases of a job with runs of a fixed width end where runs end") {
  Scenario s;
  auto& a = runner(s, "a", 3);
  JobSpec spec = runs({5, 100'000});
  spec.program->run_width = 1000;
  s.submits(spec);
  for (int i = 0; i < 3; ++i) CHECK((a.takes_lease().end - 5) % 1000 == 0);
}

TEST_CASE("what a program was found to cost is remembered, though agents remember a few jobs only") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs({0, 1'000'000'000}));
  const Taken first = a.takes_lease();
  CHECK(first.end - first.begin < 100);
  a.measures(id, 1e-5);
  a.finishes(first, 1);
  a.drops(a.takes_lease());
  a.forgets(id);
  a.drops(a.takes_lease());
  const Taken later = a.takes_lease();
  CHECK(later.end - later.begin > 10'000);
}

// ---------------------------------------------------------------- files

TEST_CASE("a job is taken once its files are there") {
  Scenario s;
  JobSpec spec = runs({0, 10});
  spec.program->files = {{"sim", sha256_of("sim"), 3, FileKind::executable}};
  const Submit submit{{1, 1}, spec};
  CHECK(s.is_refused(submit).word == ErrorWord::no_such_file);
  const PutFile put{sha256_of("sim"), 3, 0, {"sim"}};
  CHECK(std::get<FileStored>(s.asks(put)).upto == 3);
  CHECK(std::holds_alternative<Submitted>(s.asks(submit)));
  s.passes(2h);  // they are needed
  CHECK(std::get<FileStored>(s.asks(PutFile{sha256_of("sim"), 3, 0, {}})).upto == 3);
}

// ---------------------------------------------------------------- failures

TEST_CASE("a failed job is tried again, and only what had failed") {
  Scenario s;
  auto& a = runner(s, "a");
  JobSpec spec = runs({0, 3});
  spec.attempts_max = 1;
  const JobId id = s.submits(spec);
  Taken lease = a.takes_lease();
  a.commits(lease, upto(1), value(10));
  a.fails(lease, upto(2), "exit status 3");
  a.finishes(a.takes_lease(), 30);
  const JobReport failed = s.job(id);
  CHECK(failed.state == JobState::failed);
  REQUIRE(failed.failed_spans.size() == 1);
  CHECK(failed.failed_spans[0] == FailedSpan{{1, 2}, 1, "exit status 3"});

  const JobReport reopened = s.steers(id, Steering::retry);
  CHECK(reopened.state == JobState::running);
  CHECK(reopened.failed == 0);
  CHECK_FALSE(reopened.finished_unix_ms);
  lease = a.takes_lease();
  CHECK(lease.begin == 1);
  CHECK(lease.end == 2);
  a.finishes(lease, 20);
  CHECK(s.job(id).state == JobState::done);
  CHECK(s.job(id).value == value(60));
  CHECK(s.is_refused(Steer{id, Steering::retry}).word == ErrorWord::nothing_failed);
}

TEST_CASE("a job that gave up after too many failures has as many again when it is retried") {
  Scenario s;
  auto& a = runner(s, "a");
  JobSpec spec = runs({0, 100});
  spec.failures_max = 2;
  const JobId id = s.submits(spec);
  const auto fails_until_it_ends = [&] {
    while (!has_ended(s.job(id).state)) {
      const Taken lease = a.takes_lease();
      a.fails(lease, upto(lease.begin + 1), "no such thing");
    }
  };
  fails_until_it_ends();
  CHECK(s.job(id).state == JobState::failed);
  CHECK(says(*s.job(id).error, "more than 2 attempts failed"));
  s.steers(id, Steering::retry);
  s.restarts_head();
  a.reconnects();
  a.beats();
  CHECK(s.job(id).state == JobState::running);
  fails_until_it_ends();
  CHECK(s.job(id).attempts_failed == 6);
}

TEST_CASE("an agent on which everything fails while others succeed is put into quarantine") {
  Scenario s;
  auto& good = runner(s, "good");
  auto& bad = runner(s, "bad");
  JobSpec spec = runs({0, 1'000'000});
  spec.failures_max = 6;
  const JobId id = s.submits(spec);
  for (int i = 0; i < 20 && !s.has_happened(Happening::agent_quarantined); ++i) {
    const Taken failing = bad.takes_lease();
    bad.fails(failing, upto(failing.begin + 1), "python3: command not found");
    good.finishes(good.takes_lease(), 1);
  }
  CHECK(s.times(Happening::agent_quarantined) == 1);
  CHECK(bad.is_granted_nothing());
  const auto agents = std::get<AgentsReport>(s.asks(AskAgents{}));
  CHECK(agents.agents[0].state == AgentState::quarantined);
  CHECK(s.job(id).state == JobState::running);
  CHECK(s.row(id).failures_forgiven >= limits::unproven_failures_max);

  good.takes_lease();
  good.says_goodbye();
  CHECK(says(*s.job(id).unplaced, "quarantine"));
  s.passes(limits::quarantine_term + 15s);
  bad.takes_lease();  // another chance
}

TEST_CASE("an agent is not blamed for what fails everywhere, and the work goes on") {
  Scenario s;
  auto& a = runner(s, "a");
  auto& b = runner(s, "b");
  JobSpec spec = runs({0, 1000});
  spec.attempts_max = 2;
  spec.failures_max = limits::failures_max_usual + 1;  // it is to go on even if nothing ever succeeds
  const JobId id = s.submits(spec);
  for (int i = 0; i < 30; ++i) {
    for (ScriptedAgent* agent : {&a, &b}) {
      if (agent->is_granted_nothing()) continue;
      const Taken lease = agent->takes_lease();
      agent->fails(lease, upto(lease.begin + 1), "poison");
    }
  }
  while (!a.is_granted_nothing()) a.takes_lease();
  while (!b.is_granted_nothing()) b.takes_lease();
  CHECK_FALSE(s.has_happened(Happening::agent_quarantined));
  CHECK(s.job(id).attempts_failed > 25);
  CHECK(s.job(id).failed > 5);
}

TEST_CASE("an agent on which much has failed in a row waits until others have tried it") {
  Scenario s;
  auto& bad = runner(s, "bad");
  const JobId id = s.submits(runs({0, 1'000'000}));
  auto& good = runner(s, "good");
  const Taken busy = good.takes_lease();
  for (std::uint32_t i = 0; i < limits::unproven_failures_max; ++i) {
    const Taken lease = bad.takes_lease();
    bad.fails(lease, upto(lease.begin + 1), "no such file");
  }
  CHECK(bad.is_granted_nothing());
  CHECK(s.job(id).attempts_failed == limits::unproven_failures_max);
  s.passes(limits::suspension_term);  // nobody has: it may try again
  const Taken lease = bad.takes_lease();
  bad.fails(lease, upto(lease.begin + 1), "no such file");
  good.finishes(busy, 1);
  good.finishes(good.takes_lease(), 1);  // what had failed on the other one
  CHECK(s.has_happened(Happening::agent_quarantined));
  good.takes_lease();
}

// ---------------------------------------------------------------- what they print

TEST_CASE("what programs print is numbered, kept once, and acknowledged each time") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs({0, 10}));
  const Taken lease = a.takes_lease();
  Output output{"a", a.introduction().incarnation, 1, {}, {}};
  output.logs = {{id, lease.id, {0, 10}, 1, Stream::stderr_, false, {"one\n"}},
                 {id, lease.id, {0, 10}, 1, Stream::stderr_, false, {"two\n"}}};
  CHECK(a.delivers(output).seq == 1);
  CHECK(a.delivers(output).seq == 1);
  CHECK(s.logs().size() == 2);
  CHECK(s.logs()[1].entry.number == 2);
  CHECK(s.logs()[1].entry.agent == "a");

  s.restarts_head();  // the answer may have been lost with it
  a.reconnects();
  a.beats();
  CHECK(a.delivers(output).seq == 1);
  CHECK(s.logs().size() == 2);
  output.seq = 2;
  CHECK(a.delivers(output).seq == 2);
  CHECK(s.logs().back().entry.number == 4);
}

TEST_CASE("an agent that has said goodbye prints nothing more, until it beats again") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs({0, 10}));
  const Taken lease = a.takes_lease();
  Output output{"a", a.introduction().incarnation, 1, {}, {}};
  output.logs = {{id, lease.id, {0, 10}, 1, Stream::stderr_, false, {"one\n"}}};
  a.delivers(output);
  a.says_goodbye();
  output.seq = 2;
  a.send(output);
  CHECK(s.logs().size() == 1);
  CHECK(s.stored().outputs_seen.empty());
  s.restarts_head();
}

TEST_CASE("a log keeps its latest parts") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs({0, 10}));
  const Taken lease = a.takes_lease();
  Output output{"a", a.introduction().incarnation, 0, {}, {}};
  output.logs.resize(limits::outputs_per_message, {id, lease.id, {0, 10}, 1, Stream::stderr_, false, {"x"}});
  for (std::size_t sent = 0; sent <= limits::log_parts_kept; sent += output.logs.size()) {
    output.seq += 1;
    a.delivers(output);
  }
  CHECK(s.logs().size() == limits::log_parts_kept);
}

TEST_CASE("what is collected of a run that is not committed is forgotten with its lease") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(collects({0, 10}));
  const Taken lease = a.takes_lease();
  Output output{"a", a.introduction().incarnation, 1, {}, {}};
  output.outputs = {{id, lease.id, {0, 2}, 0, false, {"fir"}},
                    {id, lease.id, {0, 2}, 3, true, {"st\n"}},
                    {id, lease.id, {2, 4}, 0, true, {"second\n"}}};
  a.delivers(output);
  CHECK(s.outputs().size() == 3);
  CHECK(s.job(id).done == 0);
  CHECK(s.row(id).collected_bytes == 0);
  a.commits(lease, upto(2), std::nullopt);
  CHECK(s.row(id).collected_bytes == 6);
  a.drops(lease);
  CHECK(s.outputs() == std::vector<std::string>{"fir", "st\n"});
  CHECK(s.row(id).collected_bytes == 6);

  output.seq = 2;  // it comes too late
  output.outputs = {{id, lease.id, {4, 6}, 0, true, {"third\n"}}};
  a.delivers(output);
  CHECK(s.outputs() == std::vector<std::string>{"fir", "st\n"});
  a.takes_lease();
}

TEST_CASE("nobody delivers what another holds, or has been committed, or is not collected") {
  Scenario s;
  auto& a = runner(s, "a");
  auto& b = runner(s, "b");
  const JobId id = s.submits(collects({0, 10}));
  const JobId other = s.submits(runs({0, 10}));
  const Taken lease = a.takes_lease();
  const Taken plain = b.takes_lease();
  const auto delivers = [&](ScriptedAgent& agent, std::uint64_t seq, const OutputPart& part) {
    agent.delivers({agent.name(), agent.introduction().incarnation, seq, {}, {part}});
  };
  delivers(b, 1, {id, lease.id, {0, 2}, 0, true, {"not mine"}});
  delivers(b, 2, {other, plain.id, {0, 2}, 0, true, {"not collected"}});
  delivers(a, 1, {other, lease.id, {0, 2}, 0, true, {"another job"}});
  delivers(a, 2, {id, lease.id, {9, 11}, 0, true, {"beyond"}});
  delivers(a, 3, {id, lease.id, {1, 2}, 3, true, {"a gap"}});
  CHECK(s.outputs().empty());
}

TEST_CASE("nothing is counted whose output is not stored, as after a restore from a backup") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(collects({0, 10}));
  const Taken lease = a.takes_lease();
  const auto delivers = [&](std::uint64_t seq, Range run, std::uint64_t offset, bool last) {
    a.delivers({"a", a.introduction().incarnation, seq, {}, {{id, lease.id, run, offset, last, {"text"}}}});
  };
  delivers(1, {0, 2}, 0, true);
  a.commits(lease, upto(2), std::nullopt);
  delivers(2, {2, 4}, 0, false);
  const Model backup = s.model();
  delivers(3, {2, 4}, 4, true);
  a.commits(lease, upto(4), std::nullopt);
  CHECK(s.job(id).done == 4);

  s.restores_head(backup);
  a.beats();  // it commits what it believes to be stored
  CHECK(s.has_happened(Happening::output_lost));
  CHECK(s.job(id).done == 2);
  CHECK(s.outputs() == std::vector<std::string>{"text"});
  CHECK(a.takes_lease().begin == 2);
}

TEST_CASE("a job that collects more than the head keeps has failed") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(collects({0, 10}));
  const Taken lease = a.takes_lease();
  Model model = s.model();
  s.makes_up_output();
  model.rows.jobs.at(id).collected_bytes = limits::output_job_bytes_max;
  s.restores_head(model);
  a.reconnects();
  a.beats();
  a.delivers({"a", a.introduction().incarnation, 1, {}, {{id, lease.id, {0, 1}, 0, true, {"x"}}}});
  CHECK(s.job(id).state == JobState::failed);
  CHECK(says(*s.job(id).error, "let it print less"));
  a.beats();
}

}  // namespace pq::tests
