// What no kernel of pq can have counted.
#include <doctest/doctest.h>

#include <string>

#include "daemon/core/proof/plausible.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

JobSpec counts(Kernel kernel, Fold how = Fold::sum) {
  JobSpec spec;
  spec.kernel = kernel;
  spec.fold = how;
  return spec;
}

const Counted nothing_yet{10, std::nullopt};

bool is_possible(const JobSpec& spec, const Counted& before, const Counted& now) {
  return !why_impossible(spec, 10, before, now);
}

}  // namespace

TEST_CASE("a count is an integer from nothing to what there can be") {
  const JobSpec primes = counts(Kernel::primes);
  CHECK(is_possible(primes, nothing_yet, {1010, value(0)}));
  CHECK(is_possible(primes, nothing_yet, {1010, value(165)}));
  CHECK_FALSE(is_possible(primes, nothing_yet, {1010, value(-7)}));
  CHECK_FALSE(is_possible(primes, nothing_yet, {1010, Value{0.5}}));
  CHECK_FALSE(is_possible(primes, nothing_yet, {1010, Value{165.0}}));
  CHECK_FALSE(is_possible(primes, nothing_yet, {1010, value(1001)}));
  CHECK_FALSE(is_possible(primes, nothing_yet, {1010, *parse_value("1000000000000000000000000000000")}));
  CHECK(is_possible(primes, nothing_yet, {1010, value(1000)}));
}

TEST_CASE("what is said of an impossible count names it, its part and what there can be") {
  CHECK(why_impossible(counts(Kernel::primes), 10, nothing_yet, {40, value(-7)}) ==
        "-7 for [10, 40): there are from 0 to 30 primes in it");
  CHECK(why_impossible(counts(Kernel::primes), 10, nothing_yet, {40, Value{0.5}}) ==
        "0.5 for [10, 40): a count is an integer");
  CHECK(why_impossible(counts(Kernel::primes), 10, {20, value(4)}, {40, value(3)}) ==
        "3 for [10, 40): [10, 20) has 4");
}

TEST_CASE("a count grows by no more than what there can be in what was added") {
  const JobSpec primes = counts(Kernel::primes);
  CHECK(is_possible(primes, {1010, value(165)}, {1110, value(165)}));
  CHECK(is_possible(primes, {1010, value(165)}, {1110, value(182)}));
  CHECK_FALSE(is_possible(primes, {1010, value(165)}, {1110, value(164)}));
  CHECK_FALSE(is_possible(primes, {1010, value(165)}, {1110, value(266)}));
  // An older point of the same lease, said again.
  CHECK(is_possible(primes, {1110, value(182)}, {1010, value(165)}));
  CHECK_FALSE(is_possible(primes, {1110, value(182)}, {1010, value(183)}));
}

TEST_CASE("the least of several counts never grows, and the greatest never shrinks") {
  CHECK(is_possible(counts(Kernel::primes, Fold::min), {110, value(9)}, {210, value(4)}));
  CHECK_FALSE(is_possible(counts(Kernel::primes, Fold::min), {110, value(9)}, {210, value(10)}));
  CHECK(is_possible(counts(Kernel::primes, Fold::max), {110, value(9)}, {210, value(12)}));
  CHECK_FALSE(is_possible(counts(Kernel::primes, Fold::max), {110, value(9)}, {210, value(8)}));
  CHECK(is_possible(counts(Kernel::primes, Fold::none), nothing_yet, {1010, std::nullopt}));
}

TEST_CASE("a program's value may be any") {
  CHECK(is_possible(counts(Kernel::exec), {110, value(9)}, {210, value(-100)}));
}

}  // namespace pq::tests
