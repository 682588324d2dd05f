#include "client/time_budget.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

namespace pq::tests {

using namespace std::chrono_literals;

TEST_CASE("without --timeout a command waits without end for work, and 30 s for a plain answer") {
  const TimeBudget time(std::nullopt, "--timeout", Instant{100s});
  CHECK(time.left(Instant{1000h}) == Duration::max());
  CHECK(time.usual_patience(Instant{1000h}) == 30s);
  CHECK(time.contact_until(false) == Instant{105s});
  CHECK(time.contact_until(true) == Instant{120s});
}

TEST_CASE("--timeout limits all that a command does, from its beginning") {
  const TimeBudget time(60s, "--wait", Instant{100s});
  CHECK(time.flag() == "--wait");
  CHECK(time.spent(Instant{110s}) == 10s);
  CHECK(time.left(Instant{110s}) == 50s);
  CHECK(time.usual_patience(Instant{110s}) == 50s);
  CHECK(time.left(Instant{170s}) == 0s);
  CHECK(time.contact_until(true) == Instant{120s});
  const TimeBudget brief(2s, "--timeout", Instant{100s});
  CHECK(brief.contact_until(false) == Instant{102s});
  CHECK(brief.contact_until(true) == Instant{102s});
}

TEST_CASE("a command looks again when a head should have answered, then when a slow one should have") {
  const TimeBudget time(std::nullopt, "--timeout", Instant{100s});
  CHECK(time.next_contact_end(Instant{104s}) == Instant{105s});
  CHECK(time.next_contact_end(Instant{105s}) == Instant{120s});
}

TEST_CASE("what is later than all time is never") {
  CHECK(later(Instant{1s}, 2s) == Instant{3s});
  CHECK(later(Instant{1s}, -2s) == Instant{1s});
  CHECK(later(Instant{1s}, Duration::max()) == Instant::never());
  CHECK(later(Instant::never(), 1s) == Instant::never());
}

}  // namespace pq::tests
