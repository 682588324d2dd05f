// What `systemctl status` shows of a head and of an agent.
#include <doctest/doctest.h>

#include "agent/status_line.h"
#include "daemon/status_line.h"
#include "tests/unit/scenario.h"

namespace pq {

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

}  // namespace pq
