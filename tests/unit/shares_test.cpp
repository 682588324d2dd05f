// A job's place in the line for slots: arithmetic on values, without a queue.
#include "daemon/core/scheduling/shares.h"
#include "daemon/core/limits.h"
#include "tests/rooms.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr JobId a{1};
constexpr JobId b{2};
constexpr JobId c{3};
const double quantum_s = seconds(limits::share_quantum);

Claim holds(std::size_t leases, std::size_t leaving = 0) { return {.leases = leases, .leaving = leaving}; }
Claim waits_with(std::size_t leases, std::int32_t priority = 0) {
  return {.priority = priority, .leases = leases, .is_hungry = true};
}
Claim of(const std::string& submitter, Claim claim) {
  claim.submitter = submitter;
  return claim;
}

// The rank of a job beside others of the same submitter.
Rank among_own(std::int32_t priority, std::size_t slots, double served_s, JobId job, std::size_t cpus = 1) {
  return {priority, {9, 9}, {1}, {slots, served_s}, job, cpus};
}

// The rank of a submitter's only job beside those of other submitters.
Rank alone(std::int32_t priority, std::size_t slots, double served_s, JobId job, std::size_t cpus = 1) {
  return {priority, {slots, served_s}, {job.value}, {9, 9}, job, cpus};
}

// The same rules hold between the jobs of one submitter and between submitters.
using Made = Rank (*)(std::int32_t, std::size_t, double, JobId, std::size_t);
constexpr Made both[] = {&among_own, &alone};

// Jobs by their ranks, and the hours that pass.
struct Line : Shares {
  Instant now{1h};

  Line() { tell_time(now); }
  void passes(Duration duration) {
    tell_time(now);
    tell_time(now = now + duration);
    count_served();
  }
  std::vector<JobId> in_order(Kernel kernel = Kernel::primes) const {
    std::vector<JobId> jobs;
    const auto line = lines().find(Demand{kernel});
    if (line == lines().end()) return jobs;
    visit_line(line->first, [&](const Rank& rank) {
      jobs.push_back(rank.job);
      return false;
    });
    return jobs;
  }
  double served_s(JobId job) const { return rank(job).own.served_s; }
  std::size_t slots(JobId job) const { return rank(job).own.slots; }
};

TEST_CASE("priority goes before slots, slots before what was served, and that before age") {
  for (const Made made : both) {
    const Rank high = made(1, 9, 99, {4}, 1);
    const Rank narrow = made(0, 1, 99, {5}, 1);
    const Rank little_served = made(0, 2, 1, c, 1);
    const Rank old = made(0, 2, 2, a, 1);
    const Rank young = made(0, 2, 2, b, 1);
    CHECK(high < narrow);
    CHECK(narrow < little_served);
    CHECK(little_served < old);
    CHECK(old < young);
    CHECK_FALSE(young < old);
    CHECK_FALSE(old < old);
  }
}

TEST_CASE("what the submitters have goes before what their jobs have") {
  const Rank poor{0, {2, 9}, {2}, {2, 9}, a, 1};
  const Rank first_of_rich{0, {3, 0}, {1}, {0, 0}, b, 1};
  const Rank last_of_rich{0, {3, 0}, {1}, {3, 0}, c, 1};
  CHECK(poor < first_of_rich);
  CHECK(first_of_rich < last_of_rich);
  CHECK_FALSE(may_take(first_of_rich, poor));
  CHECK(may_take(first_of_rich, last_of_rich));
  CHECK_FALSE(may_take(poor, last_of_rich));  // the odd slot, and poor was served more
  CHECK(may_take({0, {1, 0}, {3}, {1, 0}, {4}, 1}, last_of_rich));
  CHECK(waits_for_turn({0, {0, 0}, {3}, {0, 0}, {4}, 1}, {0, {1, 0}, {1}, {1, 0}, c, 1}));
  CHECK_FALSE(waits_for_turn(first_of_rich, last_of_rich));
}

TEST_CASE("a slot changes hands when that brings both closer together, or is due to the one who waits") {
  for (const Made made : both) {
    const auto may = [&](std::int32_t taker_priority, std::size_t taker_slots, double taker_s,
                         std::int32_t giver_priority, std::size_t giver_slots, double giver_s) {
      return may_take(made(taker_priority, taker_slots, taker_s, b, 1),
                      made(giver_priority, giver_slots, giver_s, a, 1));
    };
    CHECK(may(1, 9, 9, 0, 1, 0));  // of higher priority
    CHECK_FALSE(may(0, 0, 0, 1, 9, 9));
    CHECK(may(0, 2, 9, 0, 4, 0));  // 3 and 3
    CHECK_FALSE(may(0, 3, 0, 0, 3, 99));
    CHECK_FALSE(may(0, 2, quantum_s, 0, 3, 2 * quantum_s));  // the odd slot goes round …
    CHECK(may(0, 2, quantum_s, 0, 3, 2 * quantum_s + 0.1));  // … slowly
    CHECK(may(0, 0, 5, 0, 1, 5.1));                          // but quickly if there is no other
    CHECK_FALSE(may(0, 0, 5, 0, 1, 5));
  }
}

TEST_CASE("who has given a slot is not first in line for it again") {
  for (const Made made : both) {
    for (const std::size_t taker_slots : {0U, 1U, 2U, 5U}) {
      for (const std::size_t giver_slots : {1U, 2U, 3U, 6U}) {
        for (const double taker_s : {0.0, 1.0, 50.0}) {
          for (const double giver_s : {0.0, 1.0, 50.0}) {
            const Rank taker = made(0, taker_slots, taker_s, b, 1);
            if (!may_take(taker, made(0, giver_slots, giver_s, a, 1))) continue;
            const Rank after = made(0, giver_slots - 1, giver_s, a, 1);
            CHECK(taker < after);
            CHECK_FALSE(may_take(after, made(0, taker_slots + 1, taker_s, b, 1)));
          }
        }
      }
    }
  }
}

TEST_CASE("what the first in line may not take from the last holder, nobody may take from anybody") {
  for (const Made made : both) {
    std::vector<Rank> ranks;
    std::uint64_t job = 0;
    for (const std::int32_t priority : {0, 1}) {
      for (const std::size_t slots : {0U, 1U, 2U, 3U}) {
        for (const double served_s : {0.0, 1.0, 3.0, 9.0})
          ranks.push_back(made(priority, slots, served_s, {++job}, 1));
      }
    }
    for (const Rank& first : ranks) {
      for (const Rank& last : ranks) {
        if (may_take(first, last)) continue;
        for (const Rank& worse : ranks) {
          for (const Rank& better : ranks) {
            if (worse < first || last < better || worse.job == better.job) continue;
            CHECK_FALSE(may_take(worse, better));
          }
        }
      }
    }
  }
}

TEST_CASE("time counts only while one job waits for the slots of another") {
  Line line;
  line.place(a, waits_with(3));
  line.passes(1h);  // it waits for its own slots
  CHECK_FALSE(line.are_contended());
  const double begin_s = line.served_s(a);
  line.place(b, holds(1));
  CHECK(line.are_contended());
  line.passes(10s);
  CHECK(line.served_s(a) > begin_s);
  line.place(a, holds(3));  // nobody waits any more
  CHECK_FALSE(line.are_contended());
  const double end_s = line.served_s(a);
  line.passes(1h);
  CHECK(line.served_s(a) == doctest::Approx(end_s));
}

TEST_CASE(
    "of jobs that were served alike those without a slot go first, the oldest of them before the others") {
  Line line;
  for (const JobId job : {c, b, a}) line.place(job, waits_with(0));
  CHECK(line.in_order() == std::vector{a, b, c});
  line.place(a, waits_with(1));
  line.place({4}, waits_with(0));
  CHECK(line.in_order() == std::vector{b, c, {4}, a});
  CHECK(may_take(line.rank(b), line.rank(a)));
}

TEST_CASE("a newcomer begins with the least served of its equals, just before it") {
  Line line;
  line.place(a, waits_with(1));
  line.place(b, waits_with(0));
  line.passes(100s);
  line.place(c, waits_with(0));
  CHECK(line.served_s(c) == doctest::Approx(line.served_s(a)).epsilon(0.01));
  CHECK(line.served_s(c) < line.served_s(a));
  line.place({4}, waits_with(0, 7));
  CHECK(line.served_s({4}) == doctest::Approx(0).epsilon(0.01));  // the first of its priority
  line.place({4}, waits_with(0));
  CHECK(line.served_s({4}) == doctest::Approx(line.served_s(c)));
}

TEST_CASE("nobody who has slots is kept more than two quanta behind the others, or ahead") {
  Line line;
  line.place(a, waits_with(1));
  line.place(b, waits_with(0));
  line.passes(1000s);
  line.place(b, waits_with(1));  // it has waited for so long that it would keep its slot for long
  line.count_served();
  CHECK(line.served_s(a) - line.served_s(b) == doctest::Approx(2 * quantum_s).epsilon(0.01));
  line.place(a, waits_with(40));
  line.passes(100s);
  CHECK(line.served_s(a) - line.served_s(b) == doctest::Approx(2 * quantum_s).epsilon(0.01));
}

TEST_CASE("leases that are leaving are no slots, but they are served") {
  Line line;
  line.place(b, waits_with(0));
  line.place(a, holds(3, 2));
  CHECK(line.slots(a) == 1);
  CHECK(line.holders().size() == 1);
  line.passes(1s);
  CHECK(line.served_s(a) == doctest::Approx(3).epsilon(0.01));
  line.place(a, holds(3, 3));
  CHECK(line.holders().empty());
  CHECK(line.are_contended());
  line.passes(1s);
  line.place(a, holds(0));
  CHECK(line.served_s(a) == doctest::Approx(6).epsilon(0.01));
  CHECK_FALSE(line.are_contended());
}

TEST_CASE("a promised slot counts like one that is held, until promises are forgotten") {
  Line line;
  line.place(a, waits_with(1));
  line.place(b, waits_with(0));
  CHECK(line.in_order() == std::vector{b, a});
  line.promise(b);
  line.promise(b);
  CHECK(line.in_order() == std::vector{a, b});
  line.pass_over(a);
  CHECK(line.in_order() == std::vector{b});
  CHECK(line.holders().front().job == a);  // what it holds may still be asked for
  line.forget_promises();
  CHECK(line.in_order() == std::vector{b, a});
}

TEST_CASE("a job whose steps hold several slots has as many for each lease, and is served as many") {
  Line line;
  Claim wide = waits_with(1);
  wide.demand.cpus = 4;
  line.place(a, wide);
  line.place(b, waits_with(3));
  CHECK(line.slots(a) == 4);
  CHECK(line.first_hungry()->job == b);
  line.passes(1s);
  CHECK(line.served_s(a) == doctest::Approx(4 * line.served_s(b) / 3).epsilon(0.01));
  line.promise(a);
  CHECK(line.slots(a) == 8);
  line.forget_promises();
}

TEST_CASE(
    "two jobs whose steps need all slots of a machine take turns, and do not push each other aside at once") {
  for (const Made made : both) {
    const auto may = [&](double taker_served_s, double giver_served_s) {
      return may_take(made(0, 0, taker_served_s, b, 2), made(0, 2, giver_served_s, a, 2));
    };
    CHECK_FALSE(may(0, 0));
    CHECK(may(0, 1));
    CHECK_FALSE(may(2, 1));
    CHECK(may_take(made(0, 2, 9, b, 2), made(0, 6, 0, a, 2)));  // both have four then
    CHECK_FALSE(may_take(made(0, 2, 0, b, 2), made(0, 2, 9, a, 2)));
  }
}

TEST_CASE("each demand has its line; the first of all lines is first") {
  Line line;
  Claim twins = waits_with(0);
  twins.demand.kernel = Kernel::twins;
  line.place(a, waits_with(1));
  line.place(b, twins);
  CHECK(line.in_order() == std::vector{a});
  CHECK(line.in_order(Kernel::twins) == std::vector{b});
  CHECK(line.in_order(Kernel::triplets).empty());
  CHECK(line.first_hungry()->job == b);
  line.remove(b);
  CHECK(line.first_hungry()->job == a);
  line.place(a, holds(1));
  CHECK_FALSE(line.first_hungry());
  CHECK(line.jobs_in_line() == 0);
}

TEST_CASE("those in line share the slots with those of their priority and of higher ones") {
  Line line;
  for (std::uint64_t job = 1; job <= 6; ++job) line.place({job}, waits_with(0, static_cast<int>(job % 3)));
  line.place({7}, holds(2));
  CHECK(line.expected_slots({3}, 60) == 10);
  CHECK(line.expected_slots({1}, 60) == 15);
  CHECK(line.expected_slots({2}, 60) == 30);
  CHECK(line.expected_slots({2}, 1) == 1);
  line.remove({2});
  line.place({5}, holds(1));
  CHECK(line.expected_slots({1}, 60) == 30);
}

TEST_CASE("a job expects a part of what its submitter can expect") {
  Line line;
  for (std::uint64_t job = 1; job <= 10; ++job) line.place({job}, of("alice", waits_with(0)));
  line.place({11}, of("bob", waits_with(0)));
  CHECK(line.expected_slots({1}, 60) == 3);
  CHECK(line.expected_slots({11}, 60) == 30);
}

// ---------------------------------------------------------------- submitters

TEST_CASE("the submitter with the fewest slots is first, whichever of its jobs has them") {
  Line line;
  line.place(a, of("alice", waits_with(2)));
  line.place(b, of("alice", waits_with(0)));
  line.place(c, of("bob", waits_with(1)));
  CHECK(line.in_order() == std::vector{c, b, a});
  CHECK(line.rank(b).all.slots == 2);
  CHECK(line.first_hungry()->job == c);
  CHECK(line.holders().back().job == a);
  line.place(c, of("bob", waits_with(3)));
  CHECK(line.in_order() == std::vector{b, a, c});
  line.remove(a);
  CHECK(line.rank(b).all.slots == 0);
  CHECK_FALSE(line.miscounted());
}

TEST_CASE("a job may take a slot of its own submitter's others, though its submitter has its share") {
  Line line;
  line.place(a, of("alice", waits_with(4)));
  line.place(b, of("bob", waits_with(4)));
  CHECK_FALSE(line.next_taker());
  line.place(c, of("alice", waits_with(0)));
  REQUIRE(line.next_taker());
  CHECK(line.next_taker()->job == c);
  std::vector<JobId> givers;
  line.visit_givers(*line.next_taker(), [&](const Rank& giver) {
    givers.push_back(giver.job);
    return false;
  });
  CHECK(givers == std::vector{a});
  line.suppose_leaving(a);
  line.promise(c);
  line.suppose_leaving(a);
  line.promise(c);
  CHECK_FALSE(line.next_taker());
  line.forget_promises();
  CHECK(line.next_taker());
  CHECK_FALSE(line.miscounted());
}

TEST_CASE(
    "a submitter without slots takes them from whoever has most, and that submitter's widest job first") {
  Line line;
  line.place(a, of("alice", waits_with(1)));
  line.place(b, of("alice", waits_with(3)));
  line.place(c, of("bob", waits_with(2)));
  line.place({4}, of("carol", waits_with(0)));
  REQUIRE(line.next_taker());
  CHECK(line.next_taker()->job == JobId{4});
  std::vector<JobId> givers;
  line.visit_givers(*line.next_taker(), [&](const Rank& giver) {
    givers.push_back(giver.job);
    return false;
  });
  CHECK(givers == std::vector{b, a, c});
}

TEST_CASE("what a submitter was served counts for all of its jobs, and for new ones") {
  Line line;
  line.place(a, of("alice", waits_with(1)));
  line.place(b, of("bob", waits_with(0)));
  line.passes(3s);
  CHECK(line.rank(a).all.served_s == doctest::Approx(3).epsilon(0.01));
  line.place(a, of("alice", waits_with(0)));
  line.place(c, of("alice", waits_with(0)));
  CHECK(line.first_hungry()->job == b);
  CHECK(line.rank(c).all.served_s == doctest::Approx(3).epsilon(0.01));
  line.place(b, of("bob", waits_with(1)));
  CHECK(may_take(line.rank(c), line.rank(b)) == false);  // bob was served less
  line.passes(4s);
  CHECK(may_take(line.rank(c), line.rank(b)));
}

TEST_CASE("a job that changes its priority leaves what its submitter has at the old one") {
  Line line;
  line.place(a, of("alice", waits_with(2)));
  line.place(b, of("alice", waits_with(1)));
  line.place(a, of("alice", waits_with(2, 5)));
  CHECK(line.rank(a).all.slots == 2);
  CHECK(line.rank(b).all.slots == 1);
  CHECK(line.in_order() == std::vector{a, b});
  CHECK_FALSE(line.miscounted());
}

TEST_CASE("a job that comes to wait is news, one that is served is none") {
  Line line;
  line.place(a, waits_with(0));
  CHECK(line.take_news());
  CHECK_FALSE(line.take_news());
  line.place(a, waits_with(1));
  line.place(a, holds(2));
  CHECK_FALSE(line.take_news());
  line.place(a, waits_with(2));
  CHECK(line.take_news());
  line.place(a, waits_with(2, 5));
  CHECK(line.take_news());
}

}  // namespace
}  // namespace pq::tests
