#include "agent/slots.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

constexpr Range under_a_thousand{0, 1000};
constexpr Int128 primes_under_a_thousand = 168;

bool is_readable(const Slots& slots, int patience_ms) {
  pollfd polled{slots.fd(), POLLIN, 0};
  return poll(&polled, 1, patience_ms) == 1;
}

Step step(std::uint32_t slot, Range range, Kernel kernel = Kernel::primes) {
  Step made;
  made.slot = slot;
  made.lease = {{1}, slot + 1U};
  made.kernel = kernel;
  made.range = range;
  return made;
}

std::vector<StepResult> await(Slots& slots, std::size_t count) {
  std::vector<StepResult> results;
  while (results.size() < count) {
    REQUIRE(is_readable(slots, 60'000));
    for (StepResult& result : slots.take_results()) results.push_back(std::move(result));
  }
  return results;
}

TEST_CASE("a step goes into a slot, its value comes out, and the descriptor tells when") {
  Slots slots(1);
  CHECK_FALSE(is_readable(slots, 0));
  CHECK(slots.take_results().empty());
  slots.start(step(0, under_a_thousand, Kernel::twins));
  const auto results = await(slots, 1);
  REQUIRE(results.size() == 1);
  CHECK(results[0].step.lease == LeaseId{{1}, 1});
  CHECK(results[0].step.slot == 0);
  CHECK(results[0].step.kernel == Kernel::twins);
  CHECK(results[0].step.range == under_a_thousand);
  CHECK(results[0].value == Value(Int128{35}));
  CHECK(results[0].upto == under_a_thousand.end);
  CHECK(results[0].took > 0ns);
  CHECK(results[0].took < 60s);
  CHECK_FALSE(is_readable(slots, 0));
  CHECK(slots.take_results().empty());
}

TEST_CASE("a slot is free for its next step as soon as the last result was taken") {
  Slots slots(1);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    slots.start(step(0, {0, i}));
    const auto results = await(slots, 1);
    REQUIRE(results.size() == 1);
    CHECK(results[0].step.range.end == i);
  }
}

TEST_CASE("several slots compute at once, and no result is lost or given twice") {
  Slots slots(4);
  for (int round = 0; round < 50; ++round) {
    for (std::uint32_t slot = 0; slot < 4; ++slot) slots.start(step(slot, under_a_thousand));
    const auto results = await(slots, 4);
    std::set<std::uint32_t> seen;
    for (const StepResult& result : results) {
      seen.insert(result.step.slot);
      CHECK(result.value == Value(primes_under_a_thousand));
    }
    CHECK(results.size() == 4);
    CHECK(seen.size() == 4);
    CHECK_FALSE(is_readable(slots, 0));
  }
}

TEST_CASE("a short step does not wait for a long one in another slot") {
  Slots slots(2);
  slots.start(step(0, {0, 300'000'000}));
  slots.start(step(1, under_a_thousand));
  CHECK(await(slots, 1)[0].step.slot == 1);
  CHECK(await(slots, 1)[0].value == Value(Int128{16'252'325}));
}

TEST_CASE("an express place computes beside slots that are all busy") {
  Slots slots(1);
  CHECK(slots.places() == 1 + express_places);
  slots.start(step(0, {0, 300'000'000}));
  slots.start(step(express_place(1, Kernel::primes), under_a_thousand));
  const auto first = await(slots, 1);
  CHECK(first[0].step.slot == express_place(1, Kernel::primes));
  CHECK(first[0].value == Value(primes_under_a_thousand));
  await(slots, 1);
}

TEST_CASE("slots end at once when they are idle, and after their step when they are not") {
  { const Slots idle(8); }
  {
    Slots finished(2);
    finished.start(step(0, under_a_thousand));
    await(finished, 1);
  }
  {
    Slots busy(2);
    busy.start(step(1, {0, 60'000'000}));
  }
  { const Slots none(0); }
}

}  // namespace
