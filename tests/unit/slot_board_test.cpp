#include "agent/slot_board.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "agent/step.h"
#include "tests/rooms.h"
#include "tests/unit/session_scenario.h"

namespace pq::tests {

using Places = std::vector<std::uint32_t>;

TEST_CASE("a step holds as many slots as it wants, or none at all") {
  SlotBoard board(3, false);
  CHECK(board.begin(id(1), 2, {}) == 0);
  CHECK(board.slots_busy() == 2);
  CHECK_FALSE(board.begin(id(2), 2, {}));
  CHECK(board.slots_busy() == 2);
  CHECK(board.begin(id(3), 0, {}) == 2);  // one at least
  board.free(0);
  CHECK(board.slots_busy() == 1);
  CHECK(board.begin(id(2), 2, {}) == 0);
}

TEST_CASE("a step that is given up keeps its slots until its result is here, and is told once") {
  SlotBoard board(2, false);
  board.begin(id(1), 1, {});
  board.give_up(id(1));
  CHECK_FALSE(board.slot_of(id(1)));
  CHECK_FALSE(board.lease_on(0));
  CHECK(board.slots_busy() == 1);
  CHECK(board.begin(id(1), 1, {}) == 1);  // its lease may compute anew beside it
  CHECK(board.slot_of(id(1)) == 1);
  CHECK(board.lease_on(1) == id(1));
  CHECK(board.next_abandoned() == Places{0});
  CHECK(board.next_abandoned().empty());
  board.free(0);
  CHECK(board.slots_busy() == 1);
}

TEST_CASE("a step that has ended meanwhile is not abandoned any more") {
  SlotBoard board(1, false);
  board.begin(id(1), 1, {});
  board.give_up(id(1));
  board.free(0);
  CHECK(board.next_abandoned().empty());
  board.give_up(id(1));  // it has no step
  CHECK(board.next_abandoned().empty());
}

TEST_CASE("a slot is asked once to end its step early") {
  SlotBoard board(3, false);
  board.begin(id(1), 2, {});
  board.begin(id(2), 1, {});
  board.curtail(id(2));
  CHECK(board.next_curtailed() == Places{2});
  CHECK(board.next_curtailed().empty());
}

TEST_CASE("express places are beside the slots, one for programs and one for all else") {
  SlotBoard board(1, true);
  CHECK(board.has_express());
  CHECK(board.begin_express(id(1), Kernel::primes, {}) == express_place(1, Kernel::primes));
  CHECK_FALSE(board.begin_express(id(2), Kernel::twins, {}));
  CHECK(board.begin_express(id(3), Kernel::exec, {}) == express_place(1, Kernel::exec));
  CHECK(board.slots_busy() == 0);
  CHECK(board.begin(id(4), 1, {}) == 0);
  CHECK_FALSE(SlotBoard(1, false).has_express());
}

TEST_CASE("steps that run for long are found, but not those that were given up") {
  SlotBoard board(3, false);
  board.begin(id(1), 1, Instant{1s});
  board.begin(id(2), 1, Instant{1s});
  board.begin(id(3), 1, Instant{2s});
  board.give_up(id(2));
  CHECK(board.running_for(3s, Instant{4s}) == std::vector{id(1)});
  CHECK(board.running_for(3s, Instant{5s}) == std::vector{id(1), id(3)});
  CHECK(board.running_for(5s, Instant{5s}).empty());
}

}  // namespace pq::tests
