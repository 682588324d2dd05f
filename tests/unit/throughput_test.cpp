#include "daemon/core/telling/throughput.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

Now now_at(Duration since_begin) {
  return {Instant{1h + since_begin},
          std::chrono::duration_cast<std::chrono::milliseconds>(since_begin).count()};
}

TEST_CASE("a sample tells of the time since the one before it") {
  Throughput throughput(1s, 4, Throughput::WhenFull::forget);
  CHECK(throughput.is_due(now_at(0s).instant));
  throughput.note(now_at(0s), 100, {0, 8});
  CHECK(throughput.samples().empty());
  CHECK_FALSE(throughput.is_due(now_at(999ms).instant));
  throughput.note(now_at(999ms), 150, {1, 8});  // too early: it goes on
  throughput.note(now_at(2s), 300, {4, 8});
  REQUIRE(throughput.samples().size() == 1);
  CHECK(throughput.samples()[0] == Sample{2000, 100, 4, 8});
  throughput.note(now_at(3s), 200, {4, 8});  // taken back
  CHECK(throughput.samples()[1].done_per_s == 0);
}

TEST_CASE("a full history forgets its oldest, or is kept half as fine, and covers all") {
  Throughput recent(1s, 4, Throughput::WhenFull::forget);
  Throughput all(1s, 4, Throughput::WhenFull::halve);
  for (int s = 0; s <= 100; ++s) {
    const auto done = static_cast<std::uint64_t>(s) * 10;
    recent.note(now_at(std::chrono::seconds(s)), done, {});
    all.note(now_at(std::chrono::seconds(s)), done, {});
  }
  REQUIRE(recent.samples().size() == 4);
  CHECK(recent.samples().front().unix_ms == 97'000);
  CHECK(recent.samples().back().unix_ms == 100'000);
  CHECK(all.samples().size() <= 4);
  CHECK(all.samples().size() >= 2);
  CHECK(all.samples().front().unix_ms <= 50'000);
  double counted = 0;
  UnixMs before = 0;
  for (const Sample& sample : all.samples()) {
    CHECK(sample.done_per_s == doctest::Approx(10));
    counted += sample.done_per_s * static_cast<double>(sample.unix_ms - before) / 1000;
    before = sample.unix_ms;
  }
  CHECK(counted == doctest::Approx(static_cast<double>(before) / 100));
}

TEST_CASE("the spread is the standard error of what was measured last, and unknown at first") {
  Throughput steady(1s, 100, Throughput::WhenFull::forget);
  Throughput wavering(1s, 100, Throughput::WhenFull::forget);
  std::uint64_t done = 0;
  for (int s = 0; s <= 20; ++s) {
    steady.note(now_at(std::chrono::seconds(s)), static_cast<std::uint64_t>(s) * 10, {});
    done += s % 2 == 0 ? 0 : 20;
    wavering.note(now_at(std::chrono::seconds(s)), done, {});
    if (s < 4) CHECK(steady.spread() == 0);
  }
  CHECK(steady.spread() == doctest::Approx(0));
  CHECK(wavering.spread() == doctest::Approx(10 * 1.0260 / 4.4721).epsilon(0.01));  // deviation / √20
}

}  // namespace
}  // namespace pq::tests
