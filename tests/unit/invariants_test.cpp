// Each promise is shown to be broken by rows that are wrong in just one way: a check that cannot fail is
// worthless.
#include "daemon/core/proof/invariants.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/rooms.h"
#include "tests/unit/extremes.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

// [0, 1000): done, leased, free, free after a failure, given up. All is well with it.
struct Sound {
  JobRow job;
  SpanRows spans;
  std::optional<Value> claimed = value(93);

  Sound() {
    job.id = JobId{1};
    job.spec.range = {0, 1000};
    job.state = JobState::running;
    job.leases.granted = 9;
    job.attempts_failed = 4;
    job.started_unix_ms = 1;
    put(0, 300, Done{value(62)});
    put(300, 600, leased(1, 450, value(31)));
    put(600, 800, Free{});
    put(800, 900, Free{{1, {AgentId{1}}}});
    put(900, 901, Failed{{3}, "boom"});
    put(901, 1000, leased(2, 901, std::nullopt));
  }

  static Leased leased(std::uint64_t counter, std::uint64_t upto, std::optional<Value> value) {
    return {{Epoch{1}, counter}, AgentId{1}, upto, value, {}};
  }

  void put(std::uint64_t begin, std::uint64_t end, SpanState state) {
    spans[{job.id, begin}] = {end, std::move(state)};
  }

  // Everything is computed now, so the job has ended.
  void is_whole(JobState state) {
    job.state = state;
    spans.clear();
    put(0, 1000, Done{value(93)});
  }

  // The names of the promises that do not hold.
  std::set<std::string> broken() const {
    std::set<std::string> names;
    for (const Finding& finding : examine(job, spans, claimed)) {
      if (!finding.holds) names.insert(finding.invariant);
    }
    return names;
  }
};

using Names = std::set<std::string>;

TEST_CASE("sound rows keep every promise, and each finding says what was looked at") {
  const Sound s;
  CHECK(s.broken().empty());
  Names names;
  for (const Finding& finding : examine(s.job, s.spans, s.claimed)) {
    names.insert(finding.invariant);
    CHECK_FALSE(finding.detail.empty());
  }
  CHECK(names == Names{"tiling", "one_holder", "parts_have_values", "value_is_fold", "state_fits",
                       "neighbours_are_joined"});
}

TEST_CASE("tiling is broken by a gap, an overlap, an empty span and a wrong end") {
  Sound s;
  SUBCASE("a gap inside") { s.spans.erase({s.job.id, 600}); }
  SUBCASE("a gap at the begin") {
    s.spans.erase({s.job.id, 0});
    s.claimed = value(31);
  }
  SUBCASE("a gap at the end") { s.spans.erase({s.job.id, 901}); }
  SUBCASE("an overlap") { s.put(600, 801, Free{}); }
  SUBCASE("an empty span") { s.put(800, 800, Free{{1, {}}}); }
  SUBCASE("an end beyond the job's") { s.put(901, 1001, Sound::leased(2, 901, std::nullopt)); }
  SUBCASE("a begin before the job's") { s.job.spec.range.begin = 1; }
  SUBCASE("no spans at all") {
    s.spans.clear();
    s.claimed.reset();
    s.job.state = JobState::cancelled;
  }
  CHECK(s.broken() == Names{"tiling"});
}

TEST_CASE(
    "one_holder is broken by a lease with two spans, one committed outside of itself, one of an ended job") {
  Sound s;
  SUBCASE("two spans") { s.put(901, 1000, Sound::leased(1, 901, std::nullopt)); }
  SUBCASE("committed beyond its end") { s.put(300, 600, Sound::leased(1, 601, value(31))); }
  SUBCASE("an ended job") { s.job.state = JobState::cancelled; }
  CHECK(s.broken() == Names{"one_holder"});
}

TEST_CASE("one_holder is broken by a lease that is committed before its begin") {
  Sound s;
  s.put(901, 1000, Sound::leased(2, 900, std::nullopt));
  CHECK(s.broken().contains("one_holder"));
}

TEST_CASE("value_is_fold is broken by another value, by none, and by one that should not be") {
  Sound s;
  SUBCASE("one more") { s.claimed = value(94); }
  SUBCASE("the same number of another kind") { s.claimed = Value(93.0); }
  SUBCASE("none") { s.claimed.reset(); }
  SUBCASE("a part with another value") { s.put(0, 300, Done{value(61)}); }
  SUBCASE("of more than fits") { s.put(0, 300, Done{Value(int128_max)}); }
  SUBCASE("a decimal that differs only where it is rounded") {
    s.put(0, 300, Done{Value(1e16)});
    s.claimed = Value(1e16);
  }
  SUBCASE("of nothing") {
    s.spans.clear();
    s.put(0, 1000, Free{});
  }
  CHECK(s.broken() == Names{"value_is_fold"});
}

TEST_CASE("a job without a fold has no value") {
  Sound s;
  s.job.spec.fold = Fold::none;
  s.put(0, 300, Done{});
  s.put(300, 600, Sound::leased(1, 450, std::nullopt));
  CHECK(s.broken() == Names{"value_is_fold"});
  s.claimed.reset();
  CHECK(s.broken().empty());
}

TEST_CASE("parts_have_values is broken by a counted part without its value, or with one too many") {
  Sound s;
  SUBCASE("done without") {
    s.put(0, 300, Done{});
    s.claimed = value(31);
  }
  SUBCASE("committed without") {
    s.put(300, 600, Sound::leased(1, 450, std::nullopt));
    s.claimed = value(62);
  }
  SUBCASE("not committed, but with") {
    s.put(901, 1000, Sound::leased(2, 901, value(1)));
    s.claimed = value(94);
  }
  SUBCASE("with, though there is no fold") {
    s.job.spec.fold = Fold::none;
    s.claimed.reset();
  }
  CHECK(s.broken() == Names{"parts_have_values"});
}

TEST_CASE("state_fits is broken by an end that came too early or did not come") {
  Sound s;
  SUBCASE("done, with a part free") {
    s.is_whole(JobState::done);
    s.put(0, 999, Done{value(93)});
    s.put(999, 1000, Free{});
  }
  SUBCASE("done, with a part given up") {
    s.is_whole(JobState::done);
    s.put(0, 999, Done{value(93)});
    s.put(999, 1000, Failed{{3}, "boom"});
  }
  SUBCASE("running, with nothing to do") { s.is_whole(JobState::running); }
  SUBCASE("queued, with nothing to do") { s.is_whole(JobState::queued); }
  SUBCASE("paused, with nothing to do") { s.is_whole(JobState::paused); }
  CHECK(s.broken() == Names{"state_fits"});
}

TEST_CASE("a whole job may have ended in any way") {
  for (const JobState state : {JobState::done, JobState::failed, JobState::cancelled}) {
    Sound s;
    s.is_whole(state);
    CHECK(s.broken().empty());
  }
}

TEST_CASE("neighbours_are_joined is broken by two that should be one, and only by these") {
  Sound s;
  SUBCASE("free ones") {
    s.put(600, 700, Free{});
    s.put(700, 800, Free{});
    CHECK(s.broken() == Names{"neighbours_are_joined"});
  }
  SUBCASE("done ones") {
    s.put(0, 100, Done{value(25)});
    s.put(100, 300, Done{value(37)});
    CHECK(s.broken() == Names{"neighbours_are_joined"});
  }
  SUBCASE("but not done ones whose sum does not fit") {
    s.put(0, 100, Done{Value(int128_max)});
    s.put(100, 300, Done{Value(int128_max)});
    s.claimed = fold(Fold::sum, *fold(Fold::sum, int128_max, int128_max), Int128{31});
    CHECK(s.broken().empty());
  }
  SUBCASE("and not free ones that are being bisected") {
    s.put(800, 850, Free{{1, {AgentId{1}}}});
    s.put(850, 900, Free{{1, {AgentId{1}}}});
    CHECK(s.broken().empty());
  }
}

// A queue is restored from its rows, so their faults become its own.
TEST_CASE("a queue that was made from broken rows is found broken, with the job and the promise named") {
  const auto found_in = [](const Sound& s) {
    Stored stored;
    stored.jobs[s.job.id] = s.job;
    stored.spans = s.spans;
    stored.agents[AgentId{1}].id = AgentId{1};
    return broken_invariant(Queue({}, Epoch{2}, stored, Now{})).value_or("");
  };
  Sound s;
  CHECK(found_in(s).empty());
  s.put(600, 700, Free{});
  CHECK(says(found_in(s), "tiling of job 1: a gap at 700"));
  s = Sound();
  s.job.state = JobState::done;
  s.spans.erase({s.job.id, 300});
  CHECK_FALSE(found_in(s).empty());
}

}  // namespace
}  // namespace pq::tests
