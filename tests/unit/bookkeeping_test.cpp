// Each promise is shown to be broken by counters or rows that are wrong in just one way.
#include "daemon/core/proof/bookkeeping.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

// Two jobs over [0, 1000) with a lease each, of two agents and two heads. All is well with them.
struct Sound : Stored {
  Sound() {
    for (const std::uint64_t id : {1U, 2U}) {
      JobRow& job = jobs[JobId{id}];
      job.id = JobId{id};
      job.spec.range = {0, 1000};
      job.state = JobState::running;
      job.leases = {.granted = 8, .expired = 3, .yielded = 1};
      job.attempts_failed = 4;
      job.recomputed = 3000;
      job.started_unix_ms = 1;
      put(id, 0, 300, Done{value(62)});
      put(id, 300, 600, leased(id, 7));
      put(id, 600, 800, Free{{2, {AgentId{1}}}});
      put(id, 800, 801, Failed{{3}, "boom"});
      put(id, 801, 1000, Free{});
      agents[AgentId{id}].name = "vm-" + std::to_string(id);
      epochs.insert(Epoch{id});
    }
  }

  static Leased leased(std::uint64_t epoch, std::uint64_t counter) {
    return {{Epoch{epoch}, counter}, AgentId{epoch}, 300, std::nullopt, {1}};
  }

  void put(std::uint64_t id, std::uint64_t begin, std::uint64_t end, SpanState state) {
    spans[{JobId{id}, begin}] = {end, std::move(state)};
  }

  JobRow& job() { return jobs.at(JobId{1}); }
  Finding counters() { return counters_fit(job(), spans_of(*this, JobId{1})); }

  // The names of what does not hold of the leases.
  std::set<std::string> broken() const {
    std::set<std::string> names;
    for (const Finding& finding : examine_leases(*this)) {
      if (!finding.holds) names.insert(finding.invariant);
    }
    return names;
  }
};

using Names = std::set<std::string>;

TEST_CASE("counters that fit are told one by one") {
  Sound s;
  CHECK(s.counters().detail ==
        "8 leases granted: 1 live, 3 expired, 4 ended by a failure, 0 computed or given back; 3000 integers "
        "recomputed");
  CHECK(s.counters().holds);
  s.job().leases.granted = 9;
  CHECK(says(s.counters().detail, "1 computed or given back"));
}

TEST_CASE("counters_fit is broken by leases that ended without having been granted") {
  Sound s;
  SUBCASE("granted") { s.job().leases.granted = 7; }
  SUBCASE("expired") { s.job().leases.expired = 4; }
  SUBCASE("failed") { s.job().attempts_failed = 5; }
  SUBCASE("live") { s.put(1, 801, 1000, Sound::leased(1, 8)); }
  SUBCASE("beyond 64 bits") {
    s.job().leases.expired = UINT64_MAX;
    s.job().attempts_failed = UINT64_MAX;
  }
  CHECK_FALSE(s.counters().holds);
  CHECK(says(s.counters().detail, "granted are fewer than"));
}

TEST_CASE("counters_fit is broken by more recomputed than the expired leases could have held") {
  Sound s;
  s.job().recomputed = 3001;
  CHECK_FALSE(s.counters().holds);
  CHECK(says(s.counters().detail, "3001 integers recomputed, of 3 expired leases"));
  s.job().recomputed = UINT64_MAX;
  CHECK_FALSE(s.counters().holds);
}

TEST_CASE("counters_fit is broken by fewer failed attempts than the spans have seen") {
  Sound s;
  SUBCASE("of one span") { s.job().attempts_failed = 2; }
  SUBCASE("of all that was given up") {
    for (std::uint64_t begin = 900; begin < 904; ++begin) s.put(1, begin, begin + 1, Failed{{1}, "boom"});
  }
  CHECK_FALSE(s.counters().holds);
  CHECK(says(s.counters().detail, "given up"));
}

TEST_CASE("counters_fit is broken by a job that begins or ends at no time, or at one too many") {
  Sound s;
  SUBCASE("not started") { s.job().started_unix_ms.reset(); }
  SUBCASE("finished though it runs") { s.job().finished_unix_ms = 2; }
  SUBCASE("not finished though it has ended") { s.job().state = JobState::cancelled; }
  CHECK_FALSE(s.counters().holds);
}

TEST_CASE("counters_fit is broken by work that nobody was given") {
  Sound s;
  s.spans.clear();
  s.job().leases = {};
  s.job().attempts_failed = 0;
  s.job().recomputed = 0;
  s.job().started_unix_ms.reset();
  s.put(1, 0, 1000, Free{});
  CHECK(s.counters().holds);
  SUBCASE("a part is done") { s.put(1, 0, 1000, Done{value(168)}); }
  SUBCASE("it has started") { s.job().started_unix_ms = 1; }
  CHECK_FALSE(s.counters().holds);
}

TEST_CASE("leases that are well say how many there are, of whom and of how many heads") {
  Sound s;
  s.epochs.insert(Epoch{9});
  CHECK(s.broken().empty());
  CHECK(examine_leases(s).at(0).detail == "2 live leases, no id twice, granted in 2 of 3 stored epochs");
  CHECK(examine_leases(s).at(1).detail == "of the live leases vm-1 holds 1, vm-2 holds 1");
}

TEST_CASE("of a large fleet a few holders are named, and the others counted") {
  Sound s;
  for (std::uint64_t n = 0; n < 100; ++n) {
    s.put(2, 801 + n, 802 + n, Leased{{Epoch{1}, 100 + n}, AgentId{3 + n / 2}, 801 + n, {}, {}});
    s.agents[AgentId{3 + n / 2}].name = std::string(limits::name_bytes_max, 'n');
  }
  const std::string detail = examine_leases(s).at(1).detail;
  CHECK(says(detail, "vm-1 holds 1, vm-2 holds 1, "));
  CHECK(says(detail, ", 48 other agents 96"));
  CHECK(detail.size() < limits::text_bytes_max + limits::error_bytes_max);
}

TEST_CASE("an id that lives in two jobs, or of an epoch that no head has stored, is found") {
  Sound s;
  SUBCASE("in two jobs") { s.put(2, 300, 600, Sound::leased(1, 7)); }
  SUBCASE("twice in one") { s.put(1, 801, 1000, Sound::leased(1, 7)); }
  SUBCASE("of no epoch") { s.epochs.erase(Epoch{2}); }
  CHECK(s.broken() == Names{"lease_ids_never_repeat"});
}

TEST_CASE("a lease whose holder is no agent is found") {
  Sound s;
  s.agents.erase(AgentId{2});
  CHECK(s.broken() == Names{"holders_are_known"});
  CHECK(says(examine_leases(s).at(1).detail, "of job 2 is held by agent 2, and there is no such agent"));
}

}  // namespace
}  // namespace pq::tests
