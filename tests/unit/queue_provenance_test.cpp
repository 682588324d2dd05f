// Who has computed what, agents that are not believed any more, and the work of one agent done again.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "daemon/core/queue.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

JobSpec runs(Range range, Fold how = Fold::sum) {
  JobSpec spec;
  spec.range = range;
  spec.fold = how;
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"./sim"};
  return spec;
}

ScriptedAgent& runner(Scenario& s, const std::string& name) {
  return s.stranger(name).knows_only({Kernel::exec, Kernel::primes}).joins(1);
}

Recomputed recomputed(Scenario& s, JobId id, const std::string& agent, bool unknown = false) {
  const HeadToClient answer = s.recomputes({id, agent, unknown});
  REQUIRE(std::holds_alternative<Recomputed>(answer));
  return std::get<Recomputed>(answer);
}

Refusal refused(Scenario& s, const Recompute& ask) {
  const HeadToClient answer = s.recomputes(ask);
  REQUIRE(std::holds_alternative<Refusal>(answer));
  return std::get<Refusal>(answer);
}

// Agent "a" has computed the first 300 and the last 200 of a thousand, and "b" the rest.
struct Shared : Scenario {
  JobId id;
  ScriptedAgent* a = nullptr;
  ScriptedAgent* b = nullptr;

  Shared() {
    a = &agent("a");
    id = submits(thousand);
    const Taken first = a->takes_lease();
    b = &agent("b");
    a->ends_earlier(first, 300);
    b->reads();
    const Taken middle = b->takes_lease();
    a->commits(first, upto(300), value(30));
    b->ends_earlier(middle, 800);
    a->reads();
    const Taken last = a->takes_lease();
    b->commits(middle, upto(800), value(7));
    a->commits(last, upto(1000), value(12));
  }
};

}  // namespace

// ---------------------------------------------------------------- who has computed what

TEST_CASE("each lease that ends leaves a part with its own value") {
  Shared s;
  CHECK(s.spans(s.id) == "done 0:1000 = 49");
  CHECK(s.parts(s.id) == "a 0:300 = 30, b 300:800 = 7, a 800:1000 = 12");
}

TEST_CASE("what a lost, a failed and a dropped lease had committed is a part too") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs({0, 40}));
  const Taken failed = a.takes_lease();
  a.commits(failed, upto(3), value(1));
  a.fails(failed, upto(4), "no");
  auto& b = runner(s, "b");
  b.finishes(b.takes_lease(), 5);
  const Taken dropped = b.takes_lease();
  b.commits(dropped, upto(dropped.begin + 2), value(2));
  b.drops(dropped);
  auto& c = runner(s, "c");
  const Taken lost = c.takes_lease();
  c.commits(lost, upto(lost.begin + 1), value(3));
  c.falls_silent();
  s.passes(40s);
  CAPTURE(s.parts(id));
  for (const char* const part : {"a 0:3 = 1", "b 3:4 = 5", " = 2, c ", " = 3"})
    CHECK(says(s.parts(id), part));
  s.ends_amid_work();
}

TEST_CASE("a fold that keeps no value has parts without one") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs({0, 1}, Fold::none));
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(1), std::nullopt);
  CHECK(s.parts(id) == "a 0:1");
}

TEST_CASE("of very many parts neighbours are joined, and all that is known of them still holds") {
  QueueSettings settings;
  settings.parts_kept = 8;
  Scenario s(settings);
  auto& a = runner(s, "a");
  auto& b = runner(s, "b");
  const JobId id = s.submits(runs({0, 4000}));
  for (int i = 0; s.job(id).state != JobState::done; ++i) {
    auto& agent = i % 2 == 0 ? a : b;
    if (agent.is_granted_nothing()) continue;
    const Taken lease = agent.takes_lease();
    if (lease.end > lease.begin + 100) agent.ends_earlier(lease, lease.begin + 100);
    const std::uint64_t end = std::min(lease.end, lease.begin + 100);
    agent.commits({lease.id, lease.job, lease.begin, end}, upto(end), value(1));
  }
  CHECK(s.model().provenance(id).parts.size() <= 9);
  CHECK(says(s.parts(id), "a+b "));
  const Recomputed all = recomputed(s, id, "a");
  CHECK(all.integers >= 2000);
  s.ends_amid_work();
}

// ---------------------------------------------------------------- done again

TEST_CASE("only the parts of one agent are computed again, and the total is folded anew") {
  Shared s;
  const Recomputed done = recomputed(s, s.id, "a");
  CHECK(done.parts == 2);
  CHECK(done.integers == 500);
  CHECK(done.agent_takes_work);
  CHECK(done.job.state == JobState::running);
  CHECK(done.job.done == 500);
  CHECK(same(*done.job.value, value(7)));
  CHECK(s.row(s.id).discarded == 500);
  CHECK(says(s.spans(s.id), "done 300:800 = 7"));
  s.a->says_goodbye();
  while (s.job(s.id).state != JobState::done) {
    const Taken again = s.b->takes_lease();
    s.b->finishes(again, again.begin == 0 ? 31 : 13);
  }
  CHECK(same(*s.job(s.id).value, value(51)));
  CHECK(s.parts(s.id) == "b 0:300 = 31, b 300:800 = 7, b 800:1000 = 13");
  s.ends_amid_work();
}

TEST_CASE("the least and the greatest are folded anew as well") {
  for (const Fold how : {Fold::min, Fold::max}) {
    Scenario s;
    s.ends_amid_work();
    auto& a = runner(s, "a");
    auto& b = runner(s, "b");
    const JobId id = s.submits(runs({0, 2}, how));
    a.finishes(a.takes_lease(), 30);
    b.finishes(b.takes_lease(), 7);
    CHECK(same(*s.job(id).value, value(how == Fold::min ? 7 : 30)));
    const std::string extreme = how == Fold::min ? "b" : "a";
    CHECK(same(*recomputed(s, id, extreme).job.value, value(how == Fold::min ? 30 : 7)));
  }
}

TEST_CASE("what an agent holds of a live job is taken from it, with what it has committed") {
  TwoAgents s;
  s.a->commits(s.lease, upto(400), value(70));
  const Recomputed done = recomputed(s, s.id, "a");
  CHECK(done.integers == 400);
  CHECK(done.job.done == 0);
  CHECK_FALSE(done.job.value);
  CHECK(s.row(s.id).leases.expired == 0);
  s.a->commits(s.lease, upto(500), value(80));  // it has not heard yet
  CHECK(s.job(s.id).recomputed == 0);
  s.ends_amid_work();
}

TEST_CASE("all keys of a name are meant, and a name that has computed nothing is refused") {
  Shared s;
  const Refusal refusal = refused(s, {s.id, "c", false});
  CHECK(refusal.word == ErrorWord::no_such_worker);
  CHECK(refusal.detail == "c in job 1");
  CHECK(refused(s, {{17}, "a", false}).word == ErrorWord::no_such_job);
  CHECK(s.job(s.id).state == JobState::done);
  recomputed(s, s.id, "a");
  CHECK(recomputed(s, s.id, "a").integers == 0);  // asked again after a lost answer
  s.ends_amid_work();
}

TEST_CASE("where nothing is discarded a job that is done stays so") {
  Shared s;
  CHECK(recomputed(s, s.id, "", true).integers == 0);
  CHECK(s.job(s.id).state == JobState::done);
  CHECK_FALSE(s.job(s.id).error);
}

TEST_CASE("a cancelled job is not computed again, and none whose file is gone") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId cancelled = s.submits(runs({0, 10}));
  a.commits(a.takes_lease(), upto(1), value(1));
  s.steers(cancelled, Steering::cancel);
  CHECK(refused(s, {cancelled, "a", false}).word == ErrorWord::job_has_ended);
  JobSpec spec = runs({0, 1});
  spec.program->files = {{"sim", sha256_of("sim"), 3, FileKind::executable}};
  s.asks(PutFile{sha256_of("sim"), 3, 0, {"sim"}});
  const JobId id = s.submits(spec);
  a.beats();
  const Taken lease = a.takes_lease();
  a.finishes(lease, 1);
  s.passes(2h);
  const Refusal refusal = refused(s, {id, "a", false});
  CHECK(refusal.word == ErrorWord::file_is_gone);
  CHECK(refusal.detail == "sim of job 2");
  CHECK(s.job(id).state == JobState::done);
  s.ends_amid_work();
}

TEST_CASE("a restarted head knows of every part and of a job that was opened again") {
  Shared s;
  recomputed(s, s.id, "a");
  s.restarts_head();
  CHECK(s.job(s.id).done == 500);
  CHECK(recomputed(s, s.id, "b").integers == 500);
  CHECK(s.row(s.id).discarded == 1000);
  s.ends_amid_work();
}

TEST_CASE("of what was done before anybody kept who did it, all may be computed again") {
  Shared s;
  Model old = s.model();
  for (auto& [key, part] : old.parts) part.workers.clear();
  old.workers.clear();
  s.restores_head(old);
  CHECK(refused(s, {s.id, "a", false}).word == ErrorWord::no_such_worker);
  CHECK(recomputed(s, s.id, "a", true).integers == 1000);
  s.ends_amid_work();
}

// ---------------------------------------------------------------- what cannot be

TEST_CASE("an impossible count is refused, its agent quarantined, and what it had computed discarded") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId id = s.submits(Range{10'000'000, 10'001'000});
  const Taken lease = a.takes_lease();
  a.commits(lease, upto(10'000'500), value(31));
  a.commits(lease, upto(10'001'000), value(-7));
  CHECK(s.times(Happening::value_impossible) == 1);
  CHECK(s.times(Happening::agent_quarantined) == 1);
  CHECK(s.times(Happening::work_discarded) == 1);
  CHECK(s.spans(id) == "free 10000000:10001000");
  CHECK(s.job(id).state == JobState::running);
  CHECK_FALSE(a.holds(lease));
  CHECK(a.is_granted_nothing());
  auto& b = s.agent("b");
  b.finishes(b.takes_lease(), 61);
  CHECK(s.job(id).state == JobState::done);
  CHECK(same(*s.job(id).value, value(61)));
  CHECK(s.row(id).discarded == 500);
}

TEST_CASE("so are parts that it had finished before, and no others") {
  Scenario s;
  auto& a = s.agent("a");
  auto& b = s.agent("b");
  const JobId id = s.submits(Range{0, 1000});
  const Taken of_a = a.takes_lease();
  a.ends_earlier(of_a, 400);
  b.reads();
  const Taken of_b = b.takes_lease();
  b.ends_earlier(of_b, 700);
  a.finishes({of_a.id, id, 0, 400}, 78);
  b.finishes({of_b.id, id, 400, 700}, 47);
  const Taken bad = a.takes_lease();
  a.commits(bad, upto(bad.end), Value{0.5});
  CHECK(s.spans(id) == "free 0:400, done 400:700 = 47, leased 700:1000 at 700");
  CHECK(s.parts(id) == "b 400:700 = 47");
  s.ends_amid_work();
}

TEST_CASE("two values for one part: neither counts, and others compute it") {
  TwoAgents s;
  s.a->commits(s.lease, upto(400), value(70));
  s.a->commits(s.lease, upto(400), value(71));
  CHECK(s.times(Happening::kernel_contradicts) == 1);
  CHECK(s.times(Happening::agent_quarantined) == 1);
  CHECK(s.job(s.id).done == 0);
  CHECK_FALSE(s.job(s.id).error);
  s.b->reads();
  s.b->finishes(s.b->takes_lease(), 168);
  CHECK(s.job(s.id).state == JobState::done);
  CHECK(same(*s.job(s.id).value, value(168)));
  s.ends_amid_work();
}

TEST_CASE("where a second agent gives two values too it is the program, and the job fails") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs(thousand));
  const Taken first = a.takes_lease();
  a.commits(first, upto(1), value(1));
  a.commits(first, upto(1), value(2));
  s.restarts_head();  // which does not forget it
  auto& b = runner(s, "b");
  const Taken second = b.takes_lease();
  b.commits(second, upto(second.begin + 1), value(1));
  b.commits(second, upto(second.begin + 1), value(2));
  CHECK(s.job(id).state == JobState::failed);
  CHECK(says(*s.job(id).error, "it is not deterministic: agent "));
  CHECK(s.job(id).done == 0);
  s.steers(id, Steering::retry);  // somebody has mended it, or wants to see more
  CHECK(s.job(id).state == JobState::running);
  s.ends_amid_work();
}

TEST_CASE("a head that ends before it has discarded what is not believed does so at its next start") {
  Scenario s;
  auto& a = runner(s, "a");
  const JobId id = s.submits(runs({0, 10}));
  const Taken lease = a.takes_lease();
  a.ends_earlier(lease, lease.begin + 1);
  a.finishes({lease.id, id, lease.begin, lease.begin + 1}, 1);
  Model before = s.model();
  before.rows.suspects[{id, worker_of("a", a.sender().public_key)}] = {"a", true, "[0, 1)", true};
  s.restores_head(before);
  CHECK(s.row(id).discarded == 0);
  a.beats();
  CHECK(s.row(id).discarded == 1);
  CHECK(s.parts(id).empty());
  s.ends_amid_work();
}

// ---------------------------------------------------------------- what is collected

TEST_CASE("what a lost agent had stored and not committed is not counted") {
  Scenario s;
  auto& a = runner(s, "a");
  JobSpec spec = runs({0, 10}, Fold::none);
  spec.program->collects = true;
  const JobId id = s.submits(spec);
  const Taken lease = a.takes_lease();
  a.delivers({"a", a.introduction().incarnation, 1, {}, {{id, lease.id, {0, 1}, 0, true, {"0123456789"}}}});
  CHECK(s.row(id).collected_bytes == 0);
  a.falls_silent();
  s.passes(60s);
  CHECK(s.row(id).collected_bytes == 0);
  CHECK(s.queue().jobs().at(id).output_waiting == 0);
  CHECK(s.outputs().empty());
  auto& b = runner(s, "b");
  const Taken again = b.takes_lease();
  b.delivers({"b", b.introduction().incarnation, 1, {}, {{id, again.id, {0, 1}, 0, true, {"0123456789"}}}});
  b.commits(again, upto(1), std::nullopt);
  CHECK(s.row(id).collected_bytes == 10);
  s.restarts_head();
  CHECK(s.row(id).collected_bytes == 10);
  CHECK(recomputed(s, id, "b").integers == 1);
  CHECK(s.row(id).collected_bytes == 0);
  CHECK(s.outputs().empty());
  s.ends_amid_work();
}

}  // namespace pq::tests
