#include "agent/pace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "common/protocol/limits.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"

namespace {

using namespace pq;
using namespace pq::tests;

constexpr std::uint64_t ends_never = 1ULL << 62;
constexpr std::uint64_t far = 1'000'000'000'000'000'000;
constexpr std::uint64_t near = 10'000'000;

// A slot whose steps take fixed + per_integer·width, and up to `noise` of that more or less.
struct Slot {
  Cost cost;
  double noise = 0;
  unsigned steps = 0;

  double takes(std::uint64_t width) {
    constexpr std::array<double, 6> swing{0.3, -1, 0.7, -0.4, 1, -0.6};
    return cost.seconds(static_cast<double>(width)) * (1 + noise * swing[steps++ % swing.size()]);
  }
};

// The seconds of each of so many steps, with the widths that the pace chooses.
std::vector<double> compute(Pace& pace, Slot slot, std::uint64_t at, int steps) {
  std::vector<double> took;
  for (int i = 0; i < steps; ++i) {
    const std::uint64_t width = pace.step_width(at, ends_never);
    took.push_back(slot.takes(width));
    pace.learn(at, width, took.back());
    at += width / 1000;
  }
  return took;
}

double step_seconds(const Pace& pace, std::uint64_t at, std::uint64_t left = ends_never) {
  return pace.cost(at).seconds(static_cast<double>(pace.step_width(at, left)));
}

TEST_CASE("before anything was measured the kernel's expectation holds, and the first try is a quarter") {
  const Pace pace(Kernel::primes);
  CHECK_FALSE(pace.is_measured());
  for (const std::uint64_t at : {near, far}) {
    const Cost expected = expected_cost(Kernel::primes, at);
    CHECK(pace.cost(at).fixed_s == expected.fixed_s);
    CHECK(pace.cost(at).per_integer_s == expected.per_integer_s);
    const double usual_s = std::max(1.0, expected.fixed_s / limits::fixed_cost_share_max);
    CHECK(step_seconds(pace, at) == doctest::Approx(usual_s / 4).epsilon(0.01));
  }
}

TEST_CASE("from noisy steps of differing widths follow the fixed cost and that of an integer") {
  Slot slot{.cost = {.fixed_s = 1.3, .per_integer_s = 4e-10}, .noise = 0.02};
  Pace pace(Kernel::primes);
  for (int round = 0; round < 5; ++round) {
    for (const std::uint64_t width : {1'000'000'000ULL, 30'000'000'000ULL, 5'000'000'000ULL})
      pace.learn(far, width, slot.takes(width));
  }
  CHECK(pace.cost().fixed_s == doctest::Approx(1.3).epsilon(0.15));
  CHECK(pace.cost().per_integer_s == doctest::Approx(4e-10).epsilon(0.05));
}

TEST_CASE("steps of all one width give the right total and keep the fixed cost that was expected") {
  for (const double noise : {0.0, 0.05}) {
    const Cost expected = expected_cost(Kernel::primes, far);
    Slot slot{.cost = {.fixed_s = expected.fixed_s, .per_integer_s = 4e-10}, .noise = noise};
    Pace pace(Kernel::primes);
    for (int i = 0; i < 100; ++i) pace.learn(far, 50'000'000'000, slot.takes(50'000'000'000));
    CHECK(pace.cost().seconds(5e10) == doctest::Approx(slot.cost.seconds(5e10)).epsilon(0.001 + noise));
    CHECK(pace.cost().fixed_s == doctest::Approx(expected.fixed_s).epsilon(0.25));
  }
}

TEST_CASE("steps take about a second, on fast machines and on slow ones") {
  for (const double slowness : {0.2, 1.0, 10.0, 1000.0}) {
    CAPTURE(slowness);
    const Cost expected = expected_cost(Kernel::primes, near);
    Pace pace(Kernel::primes);
    const Slot slot{.cost = {expected.fixed_s * slowness, expected.per_integer_s * slowness}, .noise = 0.05};
    CHECK(compute(pace, slot, near, 20).back() == doctest::Approx(1).epsilon(0.15));
  }
}

TEST_CASE("steps follow a machine that becomes slower or faster") {
  const Cost fast = expected_cost(Kernel::primes, near);
  const Cost slow{fast.fixed_s * 8, fast.per_integer_s * 8};
  Pace pace(Kernel::primes);
  compute(pace, {.cost = fast}, near, 10);
  CHECK(compute(pace, {.cost = slow}, near, 6).back() == doctest::Approx(1).epsilon(0.25));
  CHECK(compute(pace, {.cost = fast}, near, 20).back() == doctest::Approx(1).epsilon(0.25));
}

TEST_CASE("a machine that becomes slower is not one whose steps have a large fixed cost") {
  const std::uint64_t at = 1'000'000'000'000'000;
  const Cost fast = expected_cost(Kernel::primes, at);
  for (const double slower : {4.0, 10.0, 30.0}) {
    CAPTURE(slower);
    const Cost slow{fast.fixed_s * slower, fast.per_integer_s * slower};
    Pace pace(Kernel::primes);
    compute(pace, {.cost = fast}, at, 10);
    const std::vector<double> took = compute(pace, {.cost = slow}, at, 6);
    CHECK(took.front() == doctest::Approx(slower).epsilon(0.3));  // the step that was begun
    const double usual = std::max(1.0, slow.fixed_s / limits::fixed_cost_share_max);
    for (std::size_t i = 1; i < took.size(); ++i) CHECK(took[i] < 2 * usual);
    CHECK(pace.cost(at).fixed_s < 3 * slow.fixed_s);
  }
}

TEST_CASE("steps are longer where the fixed cost would exceed its share, but never over a minute") {
  const Cost here = expected_cost(Kernel::primes, far);
  Pace pace(Kernel::primes);
  const double took = compute(pace, {.cost = here, .noise = 0.02}, far, 20).back();
  CHECK(here.fixed_s / took == doctest::Approx(limits::fixed_cost_share_max).epsilon(0.3));

  for (const double slowness : {2.0, 5.0, 20.0, 100.0}) {
    CAPTURE(slowness);
    Pace slow(Kernel::primes);
    const Cost cost{here.fixed_s * slowness, here.per_integer_s * slowness};
    compute(slow, {.cost = cost}, far, 20);
    CHECK(step_seconds(slow, far) <= 60.5);
    CHECK(step_seconds(slow, far) > 30);
  }
}

TEST_CASE("a fixed cost longer than any step may be still leaves steps that get somewhere") {
  Pace pace(Kernel::primes);
  const Cost cost{.fixed_s = 300, .per_integer_s = 1e-8};
  compute(pace, {.cost = cost}, far, 20);
  CHECK(pace.step_width(far, ends_never) > 1'000'000);
}

TEST_CASE("a step is at most sixteen times as wide as any before it") {
  Pace pace(Kernel::primes);
  pace.learn(near, 10, 1e-9);
  CHECK(pace.step_width(near, ends_never) == 160);
  pace.learn(near, 100, 1e-9);
  CHECK(pace.step_width(near, ends_never) == 1600);
}

TEST_CASE("steps of a few integers with a cost of their own do not make the integers look expensive") {
  Pace pace(Kernel::primes);
  for (int i = 0; i < 1000; ++i) pace.learn(near, 1, i % 2 == 0 ? 0.002 : 0.0025);
  CHECK(pace.cost().per_integer_s < 1000 * expected_cost(Kernel::primes, near).per_integer_s);
}

TEST_CASE("what is left is done in even parts, without a crumb at its end") {
  Pace pace(Kernel::primes);
  compute(pace, {.cost = {.fixed_s = 1e-4, .per_integer_s = 1e-9}}, near, 20);
  const std::uint64_t usual = pace.step_width(near, ends_never);
  for (const double share : {1.001, 1.5, 2.01, 7.3}) {
    CAPTURE(share);
    std::uint64_t left = static_cast<std::uint64_t>(share * static_cast<double>(usual));
    const auto first = static_cast<double>(pace.step_width(near, left));
    double parts = 0;
    for (; left > 0; ++parts) {
      const std::uint64_t width = pace.step_width(near, left);
      CHECK(static_cast<double>(width) == doctest::Approx(first).epsilon(0.001));
      left -= width;
    }
    CHECK(parts == std::ceil(share));
  }
  CHECK(pace.step_width(near, usual / 2) == usual / 2);
}

TEST_CASE("no place, width or timing makes a step of no integers, of too many, or a cost that is none") {
  const std::array<std::uint64_t, 6> widths{1, 2, 1000, 1ULL << 40, u64_max - 1, u64_max};
  for (const std::uint64_t at : {std::uint64_t{0}, near, far, u64_max - 1, u64_max}) {
    for (const double took : {0.0, 1e-300, 1e-9, 1.0, 1e9}) {
      for (const double then : {0.0, 1.0, 1e9}) {
        for (const std::uint64_t width : widths) {
          Pace pace(Kernel::sextuplets);
          const auto examine = [&] {
            CHECK(std::isfinite(pace.cost(at).fixed_s));
            CHECK(pace.cost(at).fixed_s >= 0);
            CHECK(std::isfinite(pace.cost(at).per_integer_s));
            CHECK(pace.cost(at).per_integer_s > 0);
            for (const std::uint64_t left : widths) {
              CHECK(pace.step_width(at, left) >= 1);
              CHECK(pace.step_width(at, left) <= left);
            }
          };
          examine();
          pace.learn(at, width, took);
          examine();
          pace.learn(at, u64_max - width + 1, then);
          examine();
          for (int i = 0; i < 30; ++i) pace.learn(at, width, took);
          examine();
        }
      }
    }
  }
}

}  // namespace
