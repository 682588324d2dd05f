#include "agent/held_lease.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "common/protocol/limits.h"
#include "tests/rooms.h"
#include "tests/unit/session_scenario.h"

namespace pq::tests {
namespace {

constexpr Instant now{100s};

// Runs of 10, or none of a fixed width.
JobOrder job(std::uint64_t run_width = 10) {
  JobOrder order{{1}, Kernel::exec, Fold::sum};
  order.program = Program{};
  order.program->run_width = run_width;
  return order;
}

HeldLease held(Range range, bool is_express = false) { return {lease(1, range), is_express}; }

StepResult result(Range range, int value) {
  Step step;
  step.range = range;
  return computed(std::move(step), Value(Int128{value}), 1s);
}

// Its next step is [upto, end), and has this value, which is told from `fresh_until`.
void computes(HeldLease& lease, std::uint64_t end, int value, Instant fresh_until = {}) {
  lease.finish_step(result(lease.begin_step(end), value), Fold::sum, fresh_until, now);
}

}  // namespace

TEST_CASE("a lease is over once it is computed to its end, with the fold of its steps' values") {
  HeldLease lease = held({0, 100});
  computes(lease, 40, 7);
  CHECK(lease.view(id(1)).upto == 40);
  CHECK(lease.view(id(1)).value == Value(Int128{7}));
  CHECK(lease.wants_slot());
  computes(lease, 100, 5);
  CHECK(lease.is_over());
  CHECK_FALSE(lease.wants_slot());
  CHECK(lease.view(id(1)).value == Value(Int128{12}));
}

TEST_CASE("an end falls to a boundary of runs, and never below the step nor rises again") {
  HeldLease lease = held({0, 100});
  CHECK_FALSE(lease.lower_end(job(), 55));
  CHECK(lease.end() == 60);
  CHECK_FALSE(lease.lower_end(job(), 90));
  CHECK(lease.end() == 60);
  CHECK(lease.begin_step(10) == Range{0, 10});
  CHECK_FALSE(lease.lower_end(job(), 0));  // one run: it cannot end earlier
  CHECK(lease.end() == 10);
}

TEST_CASE("a step of several runs is asked once where it ends, and the end falls to that") {
  HeldLease lease = held({0, 100});
  lease.begin_step(50);
  CHECK(lease.lower_end(job(), 0));
  CHECK_FALSE(lease.lower_end(job(), 0));
  CHECK(lease.end() == 50);
  CHECK(lease.curtail(20));
  CHECK(lease.end() == 20);
  CHECK(lease.view(id(1)).step_end == 20);
  CHECK_FALSE(lease.curtail(20));
  lease.finish_step(result({0, 20}, 2), Fold::sum, {}, now);
  CHECK(lease.is_over());
}

TEST_CASE("a step of unknown runs cannot end early") {
  HeldLease lease = held({0, 100});
  lease.begin_step(50);
  CHECK_FALSE(lease.lower_end(job(0), 0));
  CHECK_FALSE(lease.wants_early_end(job(0)));
  CHECK_FALSE(lease.curtail(20));
  CHECK(lease.end() == 50);
}

TEST_CASE("a slow step ends early, and its lease goes on behind it") {
  HeldLease lease = held({0, 100});
  lease.begin_step(50);
  CHECK(lease.wants_early_end(job()));
  CHECK_FALSE(lease.wants_early_end(job()));
  CHECK(lease.curtail(10));
  CHECK(lease.end() == 100);
  lease.finish_step(result({0, 10}, 1), Fold::sum, {}, now);
  CHECK(lease.wants_slot());
}

TEST_CASE("what is computed is told in order, once its output is stored and its value is old enough") {
  HeldLease lease = held({0, 30});
  Step step;
  step.range = lease.begin_step(10);
  StepResult printed = computed(std::move(step), Value(Int128{1}), 1s);
  printed.collected.push_back({{0, 10}, "words"});
  lease.finish_step(printed, Fold::sum, {}, now);
  computes(lease, 30, 2, now + 5s);
  CHECK(lease.untold_bytes() > 5);
  CHECK_FALSE(lease.is_over());
  CHECK(lease.view(id(1)).upto == 0);
  CHECK_FALSE(lease.tell(now + 5s));
  CHECK(lease.view(id(1)).upto == 0);  // the older part is not stored
  lease.output_is_stored(10);
  CHECK_FALSE(lease.tell(now));
  CHECK(lease.view(id(1)).upto == 10);
  CHECK(lease.view(id(1)).value == Value(Int128{1}));
  CHECK(lease.tells_at(now) == now + 5s);
  CHECK(lease.tell(now + 5s));
  CHECK(lease.is_over());
  CHECK(lease.tells_at(now) == Instant::never());
}

TEST_CASE("what is too new to be believed is doubted for longer, or not computed any more") {
  HeldLease lease = held({0, 30});
  computes(lease, 10, 1, now + 1s);
  lease.doubt(now + 3s, now);
  CHECK(lease.tells_at(now) == now + 3s);
  lease.begin_step(30);
  lease.give_up_step();
  lease.give_back_fresh(now + 2s);
  CHECK(lease.upto() == 0);
  CHECK_FALSE(lease.view(id(1)).value);
  CHECK(lease.untold_bytes() == 0);
  computes(lease, 10, 1, now + 1s);
  lease.give_back_fresh(now + 1s);  // old enough by then
  CHECK(lease.upto() == 10);
}

TEST_CASE("a failure is told with its first words, and after what was computed before it") {
  HeldLease lease = held({0, 30});
  computes(lease, 10, 1, now + 1s);
  lease.fail(20, std::string(limits::error_bytes_max + 1, 'x'), true);
  CHECK_FALSE(lease.wants_slot());
  CHECK_FALSE(lease.view(id(1)).failed_upto);
  CHECK(lease.tell(now + 1s));
  const LeaseView view = lease.view(id(1));
  CHECK(view.upto == 10);
  CHECK(view.failed_upto == 20);
  CHECK(view.error == std::string(limits::error_bytes_max, 'x'));
  CHECK(view.cannot_start);
}

TEST_CASE("only an express lease can have taken too long for its place") {
  for (const bool is_express : {false, true}) {
    HeldLease lease = held({0, 30}, is_express);
    StepResult slow = result(lease.begin_step(10), 1);
    slow.took = limits::express_turn + 1ms;
    lease.finish_step(slow, Fold::sum, {}, now);
    CHECK(lease.is_dear() == is_express);
  }
}

}  // namespace pq::tests
