// Which agents to believe when a program fails, by how they have done with the job.
#include <doctest/doctest.h>

#include "daemon/core/limits.h"
#include "daemon/core/scheduling/track_records.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

constexpr AgentId ann{1};
constexpr AgentId bob{2};

struct Fared : TrackRecords {
  void fails(AgentId agent, const std::vector<AgentId>& failed_on = {}) {
    fail(agent, true, false, failed_on, {});
  }
  void cannot_start_on(AgentId agent) { fail(agent, false, true, {}, {}); }
};

TEST_CASE("who has not answered might succeed, and who could do its last part") {
  Fared fared;
  CHECK(fared.might_succeed(ann));
  fared.fails(ann);
  CHECK_FALSE(fared.might_succeed(ann));
  fared.succeed(ann);
  CHECK(fared.might_succeed(ann));
  fared.fails(ann);
  CHECK_FALSE(fared.might_succeed(ann));
}

TEST_CASE(
    "an agent waits for others sooner if nothing has succeeded on it, and at once if nothing starts there") {
  Fared fared;
  for (std::uint32_t i = 1; i < limits::unproven_failures_max; ++i) fared.fails(ann);
  CHECK_FALSE(fared.is_suspended(ann, {}));
  fared.fails(ann);
  CHECK(fared.is_suspended(ann, {}));
  CHECK_FALSE(fared.is_suspended(ann, Instant{limits::suspension_term}));

  fared.succeed(bob);
  for (std::uint32_t i = 1; i < limits::quarantine_after; ++i) fared.fails(bob);
  CHECK_FALSE(fared.is_suspended(bob, {}));
  fared.fails(bob);
  CHECK(fared.is_suspended(bob, {}));

  fared.cannot_start_on(AgentId{3});
  CHECK(fared.is_suspended(AgentId{3}, {}));
}

TEST_CASE("an agent is bad once what failed on it again and again has succeeded elsewhere") {
  Fared fared;
  for (std::uint32_t i = 0; i < limits::unproven_failures_max; ++i) fared.fails(ann);
  CHECK_FALSE(fared.is_bad(ann));
  fared.refute(ann);
  CHECK(fared.is_bad(ann));
  fared.refute(bob);  // of whom nothing is known
  CHECK_FALSE(fared.is_bad(bob));
}

TEST_CASE("only an agent that then succeeds clears others of what had failed on all of them") {
  Fared fared;
  fared.succeed(bob);
  for (std::uint32_t i = 0; i < limits::unproven_failures_max; ++i) fared.fails(ann);
  fared.refute(ann);
  fared.fails(bob, {ann});
  CHECK(fared.is_bad(ann));  // bob may have gone bad as well
  fared.fails(bob);
  CHECK(fared.is_bad(ann));
  fared.succeed(bob);
  CHECK_FALSE(fared.is_bad(ann));
  CHECK(fared.might_succeed(ann));
}

TEST_CASE("those of which only refuted failures are known are suspects at a job's end") {
  Fared fared;
  fared.fails(ann);
  CHECK(fared.suspects().empty());
  fared.refute(ann);
  fared.succeed(bob);
  fared.fails(bob);
  fared.refute(bob);
  CHECK(fared.suspects() == std::vector{ann});
}

TEST_CASE("failures are counted until a success is known of anybody, and anew when they are cleared") {
  Fared fared;
  fared.fails(ann);
  fared.cannot_start_on(bob);
  CHECK(fared.failures() == 2);
  CHECK(fared.agents_failed() == 2);
  CHECK_FALSE(fared.any_success());
  fared.succeed(ann);
  CHECK(fared.any_success());
  CHECK(fared.agents_failed() == 1);
  fared.clear();
  CHECK(fared.failures() == 0);
  CHECK_FALSE(fared.any_success());
  CHECK(fared.find(bob) == nullptr);
}

}  // namespace
}  // namespace pq::tests
