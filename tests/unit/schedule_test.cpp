#include "daemon/core/scheduling/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "daemon/core/limits.h"
#include "daemon/core/scheduling/pass_clock.h"
#include "tests/rooms.h"
#include "tests/unit/extremes.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// From what no machine can do to what nobody would wait for.
const std::vector<Cost> costs = {{0, 1e-15}, {0, 1e-9}, {0.5, 1e-9}, {1e-6, 1e-3},
                                 {0, 1},     {10, 100}, {1e6, 1e6}};

double width_s(const WidthFacts& facts) {
  return static_cast<double>(lease_width(facts)) * facts.cost.per_integer_s;
}

// ---------------------------------------------------------------- widths

TEST_CASE("a lease is at least one integer wide, and its width is a number at every extreme") {
  for (const Cost& cost : costs) {
    for (const bool is_measured : {false, true}) {
      for (const double rest : {0.0, 1.0, 1e6, 18446744073709551615.0}) {
        for (const double fleet_per_s : {0.0, 1e-6, 1.0, 1e10, 1e5 * 1024 * 1e15}) {
          CAPTURE(cost.per_integer_s);
          CAPTURE(rest);
          CAPTURE(fleet_per_s);
          const std::uint64_t width = lease_width({cost, is_measured, rest, fleet_per_s});
          CHECK(width >= 1);
          CHECK(width <= 9'000'000'000'000'000'001);
        }
      }
    }
  }
}

TEST_CASE("no lease is wider than a minute, but for its one integer more") {
  for (const Cost& cost : costs) {
    const double longest_s = 60 + cost.per_integer_s * 1.001;
    CHECK(width_s({cost, true, 1e18, 1}) <= longest_s);
    CHECK(width_s({cost, false, 1e18, 1}) <= longest_s);
  }
  CHECK(lease_width({{0, 1e-9}, true, 1e18, 1e9}) == 60'000'000'001);
}

TEST_CASE("an agent that is not measured gets two seconds, or what its fixed cost asks for") {
  CHECK(width_s({{0, 1e-9}, false, 1e18, 1e9}) == doctest::Approx(2));
  CHECK(width_s({{0.5, 1e-9}, false, 1e18, 1e9}) == doctest::Approx(25));
}

TEST_CASE("leases that may be as long as any differ by up to a fifth of the usual, evenly") {
  constexpr int count = 10'000;
  double sum = 0;
  std::vector<int> in_tenth(10);
  for (int i = 1; i <= count; ++i) {
    const double stretch = stretch_of({{0xfedc'ba98'7654'3210}, static_cast<std::uint64_t>(i)});
    const double place = (stretch - 1 + limits::lease_width_spread) / (2 * limits::lease_width_spread);
    REQUIRE(place >= 0);
    REQUIRE(place <= 1);
    sum += stretch;
    ++in_tenth[static_cast<std::size_t>(std::min(place * 10, 9.0))];
  }
  CHECK(sum / count == doctest::Approx(1).epsilon(0.001));
  for (const int leases : in_tenth) CHECK(leases == doctest::Approx(count / 10).epsilon(0.02));
}

TEST_CASE("leases in a row, as one agent is given them, end far apart") {
  constexpr int slots = 8;
  for (std::uint64_t first = 1; first < 1000; ++first) {
    std::vector<double> stretches;
    for (std::uint64_t i = 0; i < slots; ++i) stretches.push_back(stretch_of({{7}, first + i}));
    std::sort(stretches.begin(), stretches.end());
    for (std::size_t i = 1; i < stretches.size(); ++i)
      CHECK(stretches[i] - stretches[i - 1] > 2 * limits::lease_width_spread / (3 * slots));
  }
}

TEST_CASE("only the longest widths are stretched: the end of a job is as exact as without") {
  const Cost cost{0, 1e-9};
  const auto stretched_s = [&](bool is_measured, double even_share_s, double stretch) {
    return width_s({cost, is_measured, even_share_s * 1e10, 1e10 * cost.per_integer_s * 1e9, false, stretch});
  };
  for (const double stretch : {0.8, 1.0, 1.2}) {
    CAPTURE(stretch);
    CHECK(stretched_s(true, 1e6, stretch) == doctest::Approx(60 * stretch));
    CHECK(stretched_s(false, 1e6, stretch) == doctest::Approx(2 * stretch));
    for (const double even_share_s : {0.001, 0.1, 3.0, 90.0})
      CHECK(stretched_s(true, even_share_s, stretch) == stretched_s(true, even_share_s, 1));
    for (const double even_share_s : {0.001, 0.1, 3.0})
      CHECK(stretched_s(false, even_share_s, stretch) == stretched_s(false, even_share_s, 1));
  }
  CHECK(width_s({{0.5, 1e-9}, false, 1e18, 1e9, false, 0.8}) ==
        doctest::Approx(25));  // the fixed cost's share
}

TEST_CASE("a lease is half of a slot's even share of what is left, between its bounds") {
  // Ten slots of 1000 integers a second; 400 000 integers are 40 s for them all.
  const auto width = [](double rest) { return lease_width({{0, 0.001}, true, rest, 10'000}); };
  CHECK(width(400'000) == 20'001);
  CHECK(width(1'000'000) == 50'001);
  CHECK(width(100'000'000) == 60'001);  // never more than a minute
  CHECK(width(300) == 21);              // nor less than 20 ms …
  CHECK(width(100) == 11);              // … but for the even share itself: all end together
}

TEST_CASE("a slot that may expect no other beside it takes all that is left, up to a minute") {
  const auto width = [](double rest) { return lease_width({{0, 0.001}, true, rest, 1000, true}); };
  CHECK(width(40'000) == 40'001);
  CHECK(width(300) == 301);
  CHECK(width(400'000) == 60'001);
}

TEST_CASE("however small the even share, a lease is worth its round trip") {
  const Cost cost{0, 1e-9};
  const std::uint64_t least = lease_width({cost, true, 1000, 1e12});
  CHECK(width_s({cost, true, 1000, 1e12}) >= seconds(limits::lease_width_least));
  CHECK(least == lease_width({cost, true, 1, 1e12}));
}

TEST_CASE("a narrow job is not cut into leases that each pay more for their start than for their work") {
  const Cost far_sieve{1.4, 4e-10};
  for (const double rest : {99.0, 1e8}) {
    CHECK(static_cast<double>(lease_width({far_sieve, false, rest, 6 / far_sieve.per_integer_s})) >= rest);
  }
}

TEST_CASE("less of a job left, or a larger fleet, never makes a lease wider") {
  for (const Cost& cost : costs) {
    for (const double rest : {1.0, 7.0, 1e3, 3e5, 1e8, 5e11, 1e15, 1e19}) {
      for (const double fleet_per_s : {1.0, 11.0, 1e3, 7e5, 1e9, 3e12, 1e15}) {
        const std::uint64_t width = lease_width({cost, true, rest, fleet_per_s});
        CHECK(width <= lease_width({cost, true, rest * 2, fleet_per_s}));
        CHECK(width >= lease_width({cost, true, rest, fleet_per_s * 2}));
        CHECK(width >= lease_width({cost, false, rest, fleet_per_s}));
      }
    }
  }
}

TEST_CASE(
    "where a call costs much before its first number, leases stay long until the even share is smaller") {
  const Cost sieve_at_1e18{1.3, 1e-9};
  CHECK(width_s({sieve_at_1e18, true, 1e11, 1e9}) == doctest::Approx(60));  // 1.3 s are 2 % of 65 s
  CHECK(width_s({sieve_at_1e18, true, 1e10, 1e9}) == doctest::Approx(10));
}

TEST_CASE("a fleet of 100 000 takes a job in about as many leases as it needs to end together") {
  const Cost cost{0, 1e-3};
  double rest = 1e12;
  const double fleet_per_s = 1e5 / cost.per_integer_s;
  std::size_t rounds = 0;  // in each, every slot takes one lease and finishes it
  while (rest >= 1 && rounds < 1000) {
    rest -= 1e5 * static_cast<double>(lease_width({cost, true, rest, fleet_per_s}));
    ++rounds;
  }
  CHECK(rounds > 160);  // 10 000 s of work, no lease longer than a minute
  CHECK(rounds < 190);
}

// ---------------------------------------------------------------- passes

TEST_CASE("a look at all leases is followed by a pause that grows with their number") {
  const Instant now{1h};
  PassClock clock;
  CHECK(clock.due() <= now);  // the first is due at once
  clock.made(now, 10, true);
  CHECK(clock.due() - now == limits::pass_pause);
  clock.made(now, 10'000, true);
  CHECK(clock.due() - now == 10'000 * limits::pass_pause_per_lease);
  clock.made(now, 100'000, false);
  CHECK(clock.due() - now == 100'000 * limits::pass_pause_per_lease);
}

TEST_CASE("a look that found nothing is followed by a long pause, unless something happens") {
  const Instant now{1h};
  PassClock clock;
  clock.made(now, 10, false);
  CHECK(clock.due() - now == limits::pass_pause_quiet);
  clock.hear_news();
  CHECK(clock.due() - now == limits::pass_pause);
  clock.made(now, 10, false);
  CHECK(clock.due() - now == limits::pass_pause_quiet);
}

// ---------------------------------------------------------------- speeds

TEST_CASE("what a job usually costs is the median of what was measured; the fleet's mean counts each slot") {
  const Cost expected{0.5, 1e-9};
  CHECK_FALSE(speeds_of({}, 8, expected).usual);
  CHECK(speeds_of({}, 8, expected).slot_per_s == doctest::Approx(1e9));
  CHECK(speeds_of({}, 0, expected).slot_per_s == doctest::Approx(1e9));
  const Speeds speeds = speeds_of({{{3, 1e-3}, 1}, {{1, 1e-6}, 2}, {{2, 1e-5}, 0}}, 5, expected);
  CHECK(speeds.usual->per_integer_s == 1e-5);
  CHECK(speeds.usual->fixed_s == 2);
  CHECK(speeds.slot_per_s == doctest::Approx((1e3 + 2e6 + 5e5) / 8));
}

// ---------------------------------------------------------------- splits

TEST_CASE("a holder is taken to be where its own rate has brought it, but never beyond its end") {
  Running lease{{1000, 11'000}, 2000, 0ns, {0, 0.001}};
  CHECK(predicted_rest_s(lease) == doctest::Approx(9));
  lease.since_commit = 4s;
  CHECK(predicted_rest_s(lease) == doctest::Approx(5));
  lease.cost.fixed_s = 1;  // of these four
  CHECK(predicted_rest_s(lease) == doctest::Approx(6));
  lease.since_commit = 24h;
  CHECK(predicted_rest_s(lease) == 0);
  lease.upto = lease.range.end;
  CHECK(predicted_rest_s(lease) == 0);
}

TEST_CASE("a holder that stays in one step for long has become slower, and is no further than this step") {
  Running lease{{0, 10'000}, 0, 1s, {0, 0.001}};
  lease.same_step = 1s;  // its last word
  CHECK(predicted_rest_s(lease) == doctest::Approx(9));
  lease.since_commit = 1500ms;
  CHECK(predicted_rest_s(lease) == doctest::Approx(8.5));
  lease.since_commit = lease.same_step = 2s;  // still as it may be: a step, and a beat to tell of it
  CHECK(predicted_rest_s(lease) == doctest::Approx(9));
  lease.since_commit = lease.same_step = 20s;  // ten times as long
  CHECK(predicted_rest_s(lease) == doctest::Approx(90));
  const auto point = split_point(lease, {0, 0.001});
  REQUIRE(point);
  CHECK(*point == 1818);  // an eleventh of what follows this step
}

TEST_CASE("a slow holder's last few steps are worth a split once they are long enough") {
  Running lease{{0, 1900}, 0, 1s, {0, 0.001}};
  lease.same_step = 1s;
  CHECK_FALSE(split_point(lease, {0, 0.001}));
  lease.since_commit = lease.same_step = 10s;
  CHECK(split_point(lease, {0, 0.001}) == 1150);  // five times slower: a sixth of 900
}

TEST_CASE("where one integer is a long step, all but the present one are given to an idle slot") {
  const Cost slow{0.02, 6};
  const Cost quick{0.001, 0.3};
  Running lease{{9, 18}, 14, 0ns, slow};
  for (const Duration since : {0ms, 500ms, 2000ms, 5900ms}) {
    CAPTURE(since.count());
    lease.since_commit = lease.same_step = since;
    CHECK(predicted_rest_s(lease) == doctest::Approx(24 - std::max(0.0, seconds(since) - 0.02)));
    CHECK(split_point(lease, quick) == 15);
  }
  lease.range.end = 15;
  CHECK_FALSE(split_point(lease, quick));
}

TEST_CASE("a run of many integers is one step, and nobody is slow who is in it") {
  Running lease{{0, 4000}, 0, 5s, {0.02, 0.006}};
  lease.same_step = 5s;
  lease.step_width_least = 1000;
  CHECK(predicted_rest_s(lease) == doctest::Approx(24 - 5).epsilon(0.01));
  const auto point = split_point(lease, {0.02, 0.0003});
  REQUIRE(point);
  CHECK(*point >= 1000);
  CHECK(*point < 1200);
}

TEST_CASE("a slow agent's lease of several steps is split so that it keeps a tenth") {
  const Running lease{{0, 10'000}, 0, 0ns, {0, 0.01}};  // ten times slower than the thief: 100 s
  const auto point = split_point(lease, {0, 0.001});
  REQUIRE(point);
  CHECK(static_cast<double>(*point) == doctest::Approx(10'000 / 11.0).epsilon(0.001));
}

TEST_CASE("a split makes both end together") {
  for (const Cost& thief : {Cost{0, 0.001}, Cost{0, 0.000'1}, Cost{0, 0.01}}) {
    const Running lease{{0, 1'000'000}, 100'000, 10s, {0, 0.001}};
    const auto point = split_point(lease, thief);
    REQUIRE(point);
    const double position = 110'000;
    const double holder_s = (static_cast<double>(*point) - position) * lease.cost.per_integer_s;
    const double thief_s = static_cast<double>(lease.range.end - *point) * thief.per_integer_s;
    CHECK(holder_s == doctest::Approx(thief_s).epsilon(0.001));
  }
}

TEST_CASE("what a split would end sooner by less than a second is not split") {
  const auto splits = [](double rest_s, const Cost& holder, const Cost& thief) {
    const auto width = static_cast<std::uint64_t>(rest_s / holder.per_integer_s);
    return split_point({{0, width}, 0, 0ns, holder}, thief).has_value();
  };
  const Cost plain{0, 0.001};
  CHECK_FALSE(splits(1.9, plain, plain));
  CHECK(splits(2.1, plain, plain));
  const Cost slow_to_start{0.1, 0.001};  // 2 % of a step of 5 s, which its holder ends in any case
  CHECK_FALSE(splits(5.8, slow_to_start, plain));
  CHECK(splits(6.1, slow_to_start, plain));
  CHECK_FALSE(splits(2.05, plain, slow_to_start));  // whoever takes over must start, too
  CHECK(splits(2.2, plain, slow_to_start));
  const Cost slowest{10, 0.01};  // its steps are of a minute, the longest there are
  CHECK_FALSE(splits(50, slowest, plain));
  CHECK(splits(70, slowest, plain));
}

TEST_CASE("a split is after the committed point and before the end, at every extreme") {
  const std::vector<Range> ranges = {{0, 1},
                                     {0, u64_max},
                                     {u64_max - 1, u64_max},
                                     {1000, u64_max},
                                     {u64_max - 5000, u64_max},
                                     {u64_max / 2, u64_max},
                                     {0, 1'000'000'000'000'000'000}};
  std::size_t split = 0;
  for (const Range& range : ranges) {
    for (const std::uint64_t upto : {range.begin, range.begin + range.width() / 3, range.end - 1}) {
      for (const Cost& holder : costs) {
        for (const Cost& thief : costs) {
          for (const Duration since_commit : {Duration{0}, Duration{1s}, Duration{1h}}) {
            const Running lease{range, upto, since_commit, holder};
            const double rest_s = predicted_rest_s(lease);
            CHECK(rest_s >= 0);
            CHECK(std::isfinite(rest_s));
            const auto point = split_point(lease, thief);
            if (!point) continue;
            ++split;
            CHECK(*point > upto);
            CHECK(*point < range.end);
          }
        }
      }
    }
  }
  CHECK(split > 500);
}

TEST_CASE("a short lease of dear integers at the far end of all integers is split like any other") {
  const Cost hours{0, 3600};
  const Running lease{{u64_max - 100, u64_max}, u64_max - 100, 0ns, hours};
  CHECK(predicted_rest_s(lease) == doctest::Approx(360'000));
  CHECK(split_point(lease, hours) == u64_max - 50);
}

}  // namespace
}  // namespace pq::tests
