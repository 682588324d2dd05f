// How often agents are lost anyway, and what that says of a part that is in hand at several losses.
#include <doctest/doctest.h>

#include <chrono>

#include "daemon/core/scheduling/mortality.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

Mortality fleet_of(std::size_t agents, Duration lived) {
  Mortality fleet;
  fleet.pass(agents, Instant{});
  fleet.pass(agents, Instant{lived});
  return fleet;
}

JobSpec runs(std::uint64_t run_width) {
  JobSpec spec;
  spec.range = {0, 1'000'000};
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->run_width = run_width;
  return spec;
}

Evidence lost(std::uint32_t losses, Duration in_hand, std::size_t agents = 2) {
  Evidence known;
  known.losses = losses;
  known.losses_alone = losses > 1 ? losses - 1 : 0;
  known.in_hand = in_hand;
  for (std::size_t i = 0; i < agents; ++i) known.lost_on.push_back(AgentId{i + 1});
  return known;
}

TEST_CASE("a part that ends its agents soon, on a fleet that else lives, does so by no accident") {
  const Mortality fleet = fleet_of(4, 10s);
  CHECK(fleet.chance(3, 300ms) < 1e-6);
  CHECK(is_killer(runs(1), lost(3, 300ms), fleet));
  CHECK_FALSE(is_killer(runs(1), lost(2, 200ms), fleet));
}

TEST_CASE("a part that merely lasts long on machines that vanish often is no killer, however many they are") {
  Mortality fleet = fleet_of(10, 2h);
  for (int i = 0; i < 20; ++i) fleet.lose();
  for (std::uint32_t losses = 3; losses < 10; ++losses) {
    CHECK(fleet.chance(losses, losses * 1h) > 0.1);
    CHECK_FALSE(is_killer(runs(1), lost(losses, losses * 1h), fleet));
  }
  // On the same fleet, one that ends them within a second does.
  CHECK(is_killer(runs(1), lost(3, 3s), fleet));
}

TEST_CASE("losses that a part explains do not make others likelier") {
  Mortality fleet = fleet_of(4, 60s);
  for (int i = 0; i < 8; ++i) fleet.lose();
  const double before = fleet.chance(3, 10s);
  fleet.explain(8);
  CHECK(fleet.chance(3, 10s) < before / 50);
  fleet.explain(-8);
  CHECK(fleet.chance(3, 10s) == doctest::Approx(before));
}

TEST_CASE("an agent that comes back was not lost, and old losses count less") {
  Mortality fleet = fleet_of(4, 60s);
  const double before = fleet.chance(2, 10s);
  fleet.lose();
  CHECK(fleet.chance(2, 10s) > before);
  fleet.take_back();
  CHECK(fleet.chance(2, 10s) == doctest::Approx(before));
  for (int i = 0; i < 50; ++i) fleet.lose();
  const double then = fleet.chance(2, 10s);
  fleet.pass(4, Instant{60s + 6h});
  CHECK(fleet.chance(2, 10s) < then / 1000);
}

TEST_CASE(
    "a run is given up for losses on two agents, or one more on the only one there is; never if so wished") {
  const Mortality fleet = fleet_of(4, 10s);
  CHECK_FALSE(is_killer(runs(1), lost(3, 300ms, 1), fleet));
  CHECK(is_killer(runs(1), lost(4, 400ms, 1), fleet));
  JobSpec spec = runs(1);
  spec.crash_limit = 1;  // one agent's end may be its own
  CHECK_FALSE(is_killer(spec, lost(1, 100ms, 1), fleet));
  Evidence twice = lost(2, 200ms);
  CHECK_FALSE(is_killer(spec, twice, fleet));  // the first time it may have been what else was in hand
  twice.losses_alone = 2;
  CHECK(is_killer(spec, twice, fleet));
  spec.crash_limit = 0;
  CHECK_FALSE(is_killer(spec, lost(50, 5s), fleet));
}

TEST_CASE(
    "what agents were lost with is tried run by run, the same again, and then narrowed down to the integer") {
  CHECK(suspect_width(runs(10), lost(1, 1s), {5, 60}) == 5);
  CHECK(suspect_width(runs(10), lost(1, 1s), {20, 60}) == 10);
  // Of very many runs, several go out at once.
  CHECK(suspect_width(runs(1), lost(1, 1s), {0, 1024}) == 1);
  CHECK(suspect_width(runs(1), lost(1, 1s), {0, 1 << 20}) == 1 << 10);
  CHECK(suspect_width(runs(10), lost(1, 1s), {0, 1 << 20}) == 1030);
  CHECK(suspect_width(runs(0), lost(1, 1s), {0, 60}) == 1);
  CHECK(suspect_width(runs(0), lost(1, 1s), {20, 10'020}) == 100);
  CHECK(suspect_width(runs(0), lost(2, 1s), {0, 256}) == 1);
  CHECK(suspect_width(runs(0), lost(1, 1s), {0, 1 << 20}) == 1 << 12);
  CHECK(suspect_width(runs(0), lost(2, 1s), {0, 1 << 12}) == 1 << 4);
  CHECK(suspect_width(runs(10), lost(2, 1s), {0, 10}) == 1);
  // All pieces have the same width, however little is left.
  Evidence known = lost(1, 1s);
  known.lost_width = 1 << 20;
  CHECK(suspect_width(runs(0), known, {0, 1 << 14}) == 1 << 12);
  CHECK(suspect_width(runs(0), known, {0, 100}) == 100);
}

}  // namespace
}  // namespace pq::tests
