#include "tests/storage/power_cuts.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "tests/rooms.h"
#include "tests/storage/options.h"

namespace pq::storage {

TEST_CASE("nothing that was acknowledged is lost in any power cut") {
  Tally tally;
  for (std::uint64_t seed = options.seed; tally.cuts < options.cuts; ++seed) {
    const auto lost = cut_power_of_one_disk(seed, true, tally);
    REQUIRE_MESSAGE(!lost, *lost, "; see it again with --seed ", seed, " --cuts 1");
  }
  std::printf("power cuts: %s\n", to_text(tally).c_str());
}

TEST_CASE("a disk that does not sync is found out by its losses within 200 power cuts") {
  Tally tally;
  std::uint64_t disks = 0;
  std::uint64_t disks_with_losses = 0;
  while (tally.cuts < 200) {
    ++disks;
    if (cut_power_of_one_disk(options.seed + disks, false, tally)) ++disks_with_losses;
  }
  CHECK(disks_with_losses > 0);
}

}  // namespace pq::storage
