#include "daemon/allowance_flag.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/values/errors.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

std::string refusal_of(const std::string& limit) {
  try {
    parse_allowances({limit});
    return "";
  } catch (const EnvironmentError& error) {
    CHECK(error.status() == ExitStatus::usage);
    return error.what();
  }
}

}  // namespace

TEST_CASE("a limit bounds slots, jobs and bytes of one name, or any of them") {
  const Allowances all = parse_allowances({"alice:slots=16,jobs=1e2,bytes=10G", "bob:jobs=0"});
  CHECK(all.of("alice").slots == 16);
  CHECK(all.of("alice").jobs == 100);
  CHECK(all.of("alice").bytes == std::uint64_t{10} << 30);
  CHECK(all.of("bob").jobs == 0);
  CHECK_FALSE(all.of("bob").slots);
  CHECK_FALSE(all.of("carol").jobs);
  CHECK_FALSE(all.of("").slots);
}

TEST_CASE("a star is everybody without a limit, and several limits may stand in one value") {
  const Allowances all = parse_allowances({"*:slots=4 alice:jobs=7  team:a:slots=2"});
  CHECK(all.of("bob").slots == 4);
  CHECK(all.of("").slots == 4);
  CHECK_FALSE(all.of("alice").slots);  // a limit of her own stands alone
  CHECK(all.of("team:a").slots == 2);
}

TEST_CASE("what is no limit is refused with what to write") {
  for (const auto& [limit, why] : std::vector<std::pair<std::string, std::string>>{
           {"alice", "whose limit"},
           {":slots=4", "whose limit"},
           {"alice:", "bounds nothing"},
           {"alice:,", "bounds nothing"},
           {"alice:cores=4", "\"cores\", which is none of slots, jobs and bytes"},
           {"alice:slots", "has no number for slots"},
           {"alice:slots=1,slots=2", "bounds slots twice"},
           {"alice:slots=1 alice:jobs=2", "is the second one of alice"},
           {"alice:slots=many", "many is not a number"},
           {"alice:slots=-1", "-1 is not a number"},
           {"alice:bytes=much", "\"much\" is not a size"}}) {
    CHECK_MESSAGE(says(refusal_of(limit), why), refusal_of(limit));
  }
}

}  // namespace pq::tests
