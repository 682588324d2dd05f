// What is small enough for an express place, how much such a place takes, and who is next.
#include "daemon/core/scheduling/express.h"
#include "daemon/core/limits.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>

#include <vector>

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{100s};
constexpr Cost millisecond{.fixed_s = 0, .per_integer_s = 1e-3};

ExpressPlaces open_places() {
  ExpressPlaces places;
  places.exist = true;
  return places;
}

// How many counts of this length it takes at once.
int taken_at_once(ExpressPlaces& places, double each_s, Instant now) {
  int taken = 0;
  for (; places.has_room_for_count(each_s, now); ++taken) places.take_count(each_s, now);
  return taken;
}

TEST_CASE("a small count is what a slot computes within a second, fixed cost included") {
  JobSpec spec;
  CHECK(small_count_s(spec, 5, millisecond) == doctest::Approx(0.005));
  CHECK(small_count_s(spec, 999, millisecond));
  CHECK_FALSE(small_count_s(spec, 1000, millisecond));
  CHECK_FALSE(small_count_s(spec, 1, {.fixed_s = 1.3, .per_integer_s = 1e-9}));
  spec.cpus = 2;
  CHECK_FALSE(small_count_s(spec, 5, millisecond));
}

TEST_CASE("a program is never a small count: nobody knows what it costs") {
  JobSpec spec;
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  CHECK_FALSE(small_count_s(spec, 1, millisecond));
}

TEST_CASE("an agent without express places takes nothing there") {
  const ExpressPlaces none;
  CHECK_FALSE(none.has_room_for_count(0.001, start));
  CHECK_FALSE(none.has_room_for_program());
}

TEST_CASE("one place takes nine short counts, of longer ones a second's worth") {
  ExpressPlaces places = open_places();
  CHECK(taken_at_once(places, 0.005, start) == 9);
  places = open_places();
  CHECK(taken_at_once(places, 0.3, start) == 3);
  places = open_places();
  CHECK(taken_at_once(places, 0.9, start) == 1);
}

TEST_CASE("what has been computed makes room again") {
  ExpressPlaces places = open_places();
  CHECK(taken_at_once(places, 0.005, start) == 9);
  places.leave_count(0.005);
  CHECK(taken_at_once(places, 0.005, start) == 1);
  for (int i = 0; i < 9; ++i) places.leave_count(0.005);
  CHECK(places.counts_s == 0);
}

TEST_CASE("however fast a place is, counts have no more than half a core for long") {
  ExpressPlaces places = open_places();
  double given_s = 0;
  constexpr int patience_s = 100;
  for (Instant now = start; now < start + std::chrono::seconds(patience_s); now = now + 10ms) {
    while (places.has_room_for_count(0.1, now)) {
      places.take_count(0.1, now);
      places.leave_count(0.1);  // at once
      given_s += 0.1;
    }
  }
  CHECK(given_s > patience_s / 2.0 - 1);
  CHECK(given_s < patience_s / 2.0 + seconds(limits::express_burst) + 0.2);
}

TEST_CASE("one program at a time, beside any number of counts") {
  ExpressPlaces places = open_places();
  taken_at_once(places, 0.005, start);
  CHECK(places.has_room_for_program());
  places.programs = 1;
  CHECK_FALSE(places.has_room_for_program());
}

TEST_CASE("of those that wait the higher priority is first, then the shortest, then the oldest") {
  ExpressLine line;
  const Demand primes;
  line.place(primes, {0, 0.5, {1}});
  line.place(primes, {0, 0.1, {3}});
  line.place(primes, {0, 0.1, {2}});
  line.place(primes, {1, 0.9, {4}});
  CHECK(line.first(primes) == std::vector<JobId>{{4}, {2}, {3}, {1}});
  line.place(primes, {0, 0.01, {1}});
  line.remove({4});
  CHECK(line.first(primes) == std::vector<JobId>{{1}, {2}, {3}});
  for (const std::uint64_t job : {1U, 2U, 3U}) line.remove({job});
  CHECK(line.is_empty());
  line.remove({1});
}

bool anybody(AgentId /*agent*/) { return true; }

TEST_CASE("agents with the least to do are asked first, and only those that take work") {
  ExpressLine line;
  ExpressPlaces busy = open_places();
  busy.take_count(0.5, start);
  ExpressPlaces used = open_places();
  used.take_count(0.5, start);
  used.leave_count(0.5);
  line.note({1}, true, true, busy);
  line.note({2}, true, true, used);
  line.note({3}, true, true, open_places());
  line.note({4}, false, true, open_places());
  line.note({5}, true, true, {});
  CHECK(line.least_busy(Kernel::primes, anybody) == std::vector<AgentId>{{3}, {2}, {1}});
  line.note({3}, false, true, open_places());
  CHECK(line.least_busy(Kernel::primes, anybody) == std::vector<AgentId>{{2}, {1}});
  busy.programs = 1;
  line.note({1}, true, true, busy);
  CHECK(line.least_busy(Kernel::exec, anybody) == std::vector<AgentId>{{2}});
  line.note({2}, true, false, used);
  CHECK(line.least_busy(Kernel::exec, anybody).empty());
}

TEST_CASE("those that cannot compute a job are not in the way of the one that can") {
  ExpressLine line;
  for (std::uint64_t agent = 1; agent <= 500; ++agent) line.note({agent}, true, true, open_places());
  const auto is_last = [](AgentId agent) { return agent == AgentId{500}; };
  CHECK(line.least_busy(Kernel::primes, is_last) == std::vector<AgentId>{{500}});
  CHECK(line.least_busy(Kernel::exec, is_last) == std::vector<AgentId>{{500}});
  CHECK(line.least_busy(Kernel::primes, anybody).size() == limits::express_agents_tried);
}

}  // namespace
}  // namespace pq::tests
