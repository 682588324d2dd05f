// The sieve against a count that shares nothing with it: Miller-Rabin over each member of each k-tuplet.
#include "agent/kernels/sieve.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/extremes.h"

namespace {

using pq::Kernel;
using pq::Range;
using pq::sieve_kernels;
using pq::to_text;
using pq::tests::u64_max;

__extension__ typedef unsigned __int128 Wide;

// First members of sextuplets, the shape that has every other one inside.
constexpr std::uint64_t sextuplet_past_1e12 = 1'000'033'407'547;
constexpr std::uint64_t sextuplet_past_1e15 = 1'000'000'587'445'747;
// The first member of the third last twins below 2^64.
constexpr std::uint64_t twins_near_the_end = 18'446'744'073'709'550'591U;

std::uint64_t power(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  Wide result = 1;
  Wide square = base % modulus;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = result * square % modulus;
    square = square * square % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

// With these twelve bases Miller-Rabin errs nowhere below 2^64 (Sorenson and Webster, 2015).
bool is_prime(std::uint64_t n) {
  constexpr std::array<std::uint64_t, 12> bases = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  if (n < 2) return false;
  for (const std::uint64_t base : bases) {
    if (n % base == 0) return n == base;
  }
  const int twos = std::countr_zero(n - 1);
  return std::all_of(bases.begin(), bases.end(), [&](std::uint64_t base) {
    Wide x = power(base, (n - 1) >> twos, n);
    bool holds = x == 1 || x == n - 1;
    for (int i = 1; i < twos && !holds; ++i) {
      x = x * x % n;
      holds = x == n - 1;
    }
    return holds;
  });
}

std::vector<std::vector<std::uint64_t>> members_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::primes:
      return {{0}};
    case Kernel::twins:
      return {{0, 2}};
    case Kernel::triplets:
      return {{0, 2, 6}, {0, 4, 6}};
    case Kernel::quadruplets:
      return {{0, 2, 6, 8}};
    case Kernel::quintuplets:
      return {{0, 2, 6, 8, 12}, {0, 4, 6, 10, 12}};
    case Kernel::sextuplets:
      return {{0, 4, 6, 10, 12, 16}};
    case Kernel::exec:
      break;  // no sieve
  }
  return {};
}

// How many begin in [begin, n), for each n of the range and its end.
std::vector<std::uint64_t> naive_counts(Kernel kernel, Range range) {
  std::vector<bool> primes;
  for (std::uint64_t n = range.begin; n - range.begin < range.width() + 17; ++n) {
    primes.push_back(n >= range.begin && is_prime(n));  // past 2^64 there is nothing
  }
  std::vector<std::uint64_t> counts = {0};
  for (std::size_t first = 0; first < range.width(); ++first) {
    std::uint64_t found = 0;
    for (const auto& members : members_of(kernel)) {
      const auto is_member_prime = [&](std::uint64_t distance) -> bool { return primes[first + distance]; };
      if (std::all_of(members.begin(), members.end(), is_member_prime)) ++found;
    }
    counts.push_back(counts.back() + found);
  }
  return counts;
}

std::uint64_t count(Kernel kernel, Range range) {
  const auto value = pq::kernels::compute(kernel, range);
  REQUIRE_MESSAGE(value.has_value(), (value ? "" : value.error()));
  return static_cast<std::uint64_t>(std::get<pq::Int128>(*value));
}

// Both sides of the cut must be right each for itself: two errors must not make up for each other.
void check_cut(Kernel kernel, Range range, std::uint64_t cut, const std::vector<std::uint64_t>& expected) {
  const std::uint64_t left = expected[cut - range.begin];
  CAPTURE(to_text(kernel));
  CAPTURE(cut);
  CHECK(count(kernel, {range.begin, cut}) == left);
  CHECK(count(kernel, {cut, range.end}) == expected.back() - left);
}

TEST_CASE("the counts below a million are the known ones") {
  pq::kernels::set_up_sieve();
  const Range range{0, 1'000'000};
  CHECK(count(Kernel::primes, range) == 78'498);
  CHECK(count(Kernel::twins, range) == 8'169);
  CHECK(count(Kernel::triplets, range) == 2'837);
  CHECK(count(Kernel::quadruplets, range) == 166);
  CHECK(count(Kernel::primes, {10'000'000, 60'000'000}) == 2'897'536);
}

TEST_CASE("every kernel is additive at every cut of the first 2000 integers") {
  pq::kernels::set_up_sieve();
  const Range range{0, 2000};
  for (const Kernel kernel : sieve_kernels) {
    const auto expected = naive_counts(kernel, range);
    REQUIRE(expected.back() == count(kernel, range));
    for (std::uint64_t cut = 0; cut <= range.end; ++cut) check_cut(kernel, range, cut, expected);
  }
}

TEST_CASE("every span of the first 60 integers is counted right, a single integer and an empty one too") {
  pq::kernels::set_up_sieve();
  for (const Kernel kernel : sieve_kernels) {
    const auto expected = naive_counts(kernel, {0, 60});
    for (std::uint64_t begin = 0; begin <= 60; ++begin) {
      for (std::uint64_t end = begin; end <= 60; ++end) {
        CAPTURE(to_text(kernel));
        CAPTURE(to_text(Range{begin, end}));
        CHECK(count(kernel, {begin, end}) == expected[end] - expected[begin]);
      }
    }
  }
}

TEST_CASE("a k-tuplet at a far cut belongs to the side of its first member") {
  pq::kernels::set_up_sieve();
  const Range range{sextuplet_past_1e12 - 40, sextuplet_past_1e12 + 60};
  for (const Kernel kernel : sieve_kernels) {
    const auto expected = naive_counts(kernel, range);
    REQUIRE(expected.back() > 0);
    for (std::uint64_t cut = range.begin + 36; cut <= range.begin + 60; ++cut)
      check_cut(kernel, range, cut, expected);
  }
}

TEST_CASE("the sum over random cuts of a far range equals the whole") {
  pq::kernels::set_up_sieve();
  std::mt19937_64 random(20'250'101);
  for (const std::uint64_t place : {sextuplet_past_1e12, sextuplet_past_1e15}) {
    const Range range{place - 5000, place + 5000};
    for (const Kernel kernel : sieve_kernels) {
      std::vector<std::uint64_t> cuts = {range.begin, place + 1 + random() % 16, range.end};
      for (int i = 0; i < 4; ++i) cuts.push_back(range.begin + random() % range.width());
      std::sort(cuts.begin(), cuts.end());
      std::uint64_t total = 0;
      for (std::size_t i = 1; i < cuts.size(); ++i) total += count(kernel, {cuts[i - 1], cuts[i]});
      CAPTURE(to_text(kernel));
      CAPTURE(place);
      CHECK(total == count(kernel, range));
      CHECK(total == naive_counts(kernel, range).back());
    }
  }
}

// Here a call costs about a second, whatever its width: the sieve first finds the primes below 2^32.
TEST_CASE("the last integers below 2^64 are counted without overflow") {
  pq::kernels::set_up_sieve();
  CHECK(count(Kernel::primes, {u64_max - 59, u64_max}) == 1);  // 2^64-59, the largest prime
  const Range range{u64_max - 2000, u64_max};
  check_cut(Kernel::twins, range, twins_near_the_end + 2, naive_counts(Kernel::twins, range));
}

TEST_CASE("slots that sieve at the same time do not disturb each other") {
  pq::kernels::set_up_sieve();
  std::array<std::string, 8> answers;
  std::vector<std::thread> slots;
  for (std::size_t slot = 0; slot < answers.size(); ++slot) {
    slots.emplace_back([slot, &answers] {
      for (int i = 0; i < 20; ++i) {
        const auto value =
            pq::kernels::compute(slot % 2 == 0 ? Kernel::primes : Kernel::twins, {0, 1'000'000});
        answers[slot] += value ? to_text(*value) + " " : value.error();
      }
    });
  }
  for (std::thread& slot : slots) slot.join();
  for (std::size_t slot = 0; slot < answers.size(); ++slot) {
    std::string expected;
    for (int i = 0; i < 20; ++i) expected += slot % 2 == 0 ? "78498 " : "8169 ";
    CHECK(answers[slot] == expected);
  }
}

}  // namespace
