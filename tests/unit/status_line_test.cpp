// What `systemctl status` shows of a head and of an agent.
#include <doctest/doctest.h>

#include "agent/status_line.h"
#include "daemon/descriptor_watch.h"
#include "daemon/status_line.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {

TEST_CASE("a head tells how many jobs run and wait, and of the agents that it hears how busy they are") {
  Scenario s;
  ScriptedAgent& a = s.stranger("a").joins(4);
  CHECK(status_line(s.queue()) == "0 jobs running, 1 agent, 0 slots busy of 4");
  s.agent("b");
  CHECK(status_line(s.queue()) == "0 jobs running, 2 agents, 0 slots busy of 5");
  a.says_goodbye();
  CHECK(status_line(s.queue()) == "0 jobs running, 1 agent, 0 slots busy of 1");
  s.submits(Range{0, 1'000'000});
  s.agent("b").takes_lease();
  CHECK(status_line(s.queue()) == "1 job running, 1 agent, 1 slot busy of 1");
}

TEST_CASE("a head tells of jobs that nobody computes") {
  Scenario s;
  s.submits(Range{0, 1'000'000});
  CHECK(status_line(s.queue()) == "0 jobs running, 1 waiting, 0 agents, 0 slots busy of 0");
}

TEST_CASE("a head tells what is wrong with itself behind all else") {
  Scenario s;
  CHECK(status_line(s.queue(), "950 of 1000 descriptors open") ==
        "0 jobs running, 0 agents, 0 slots busy of 0; 950 of 1000 descriptors open");
}

TEST_CASE("descriptors that are nearly used up are told of once, and once when there are enough again") {
  DescriptorWatch watch;
  CHECK_FALSE(watch.look({899, 1000}));
  CHECK(watch.trouble().empty());
  const auto warning = watch.look({900, 1000});
  REQUIRE(warning);
  CHECK(warning->starts_with("descriptors are nearly used up: 900 of 1000 are open"));
  CHECK(watch.are_scarce());
  for (const std::uint64_t open : {1000U, 850U, 899U, 900U, 800U}) {
    CHECK_FALSE(watch.look({open, 1000}));  // a crowd that comes and goes
    CHECK(watch.trouble() == std::to_string(open) + " of 1000 descriptors open");
  }
  CHECK(watch.look({799, 1000}) == "descriptors are enough again: 799 of 1000 are open");
  CHECK_FALSE(watch.are_scarce());
  CHECK(watch.trouble().empty());
}

TEST_CASE("an agent that was heard before the head's restart is counted when it is heard again") {
  Scenario s;
  s.agent("a");
  s.restarts_head();
  CHECK(status_line(s.queue()) == "0 jobs running, 0 agents, 0 slots busy of 0");
  s.passes(std::chrono::seconds(1));
  CHECK(status_line(s.queue()) == "0 jobs running, 1 agent, 0 slots busy of 1");
}

TEST_CASE("an agent tells how busy it is, and what it waits for") {
  CHECK(status_line(Doings{.slots = 16, .slots_busy = 12}) == "12 slots busy of 16");
  CHECK(status_line({.slots = 2, .slots_busy = 1, .jobs_without_files = 1, .is_draining = true}) ==
        "1 slot busy of 2; waits for files of 1 job; draining");
  CHECK(status_line(Doings{.slots = 2, .trouble = "no head answers yet; trying again"}) ==
        "0 slots busy of 2; no head answers yet; trying again");
}

}  // namespace pq::tests
