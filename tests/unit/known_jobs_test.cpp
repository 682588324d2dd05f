#include "agent/known_jobs.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>

#include "common/values/program.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

JobOrder sieve(std::uint64_t number) { return {{number}, Kernel::primes, Fold::sum}; }

}  // namespace

TEST_CASE("what was measured of a job outlasts its leases, but not another job of its number") {
  KnownJobs jobs;
  jobs.meet(sieve(1), {1});
  jobs.at({1}).pace.learn(0, 1000, 1);
  jobs.forget({});
  jobs.meet(sieve(1), {1});
  REQUIRE(jobs.paces().size() == 1);
  CHECK(jobs.paces()[0].job == JobId{1});
  JobOrder other = sieve(1);
  other.fold = Fold::none;
  jobs.meet(other, {2});
  CHECK(jobs.paces().empty());
  CHECK(*jobs.at({1}).order == other);
}

TEST_CASE("of too many jobs the first are forgotten that are not in use") {
  KnownJobs jobs;
  for (std::uint64_t number = 1; number <= 66; ++number) jobs.meet(sieve(number), {1});
  jobs.forget({{1}, {3}});
  CHECK(jobs.orders().size() == 64);
  CHECK(jobs.find({1}) != nullptr);
  CHECK(jobs.find({2}) == nullptr);
  CHECK(jobs.find({3}) != nullptr);
  CHECK(jobs.find({4}) == nullptr);
  CHECK(jobs.find({5}) != nullptr);
}

TEST_CASE("a job is ready at once only if it has no files") {
  CHECK(KnownJob(sieve(1), {1}).is_ready);
  JobOrder order = sieve(1);
  order.program = Program{};
  CHECK(KnownJob(order, {1}).is_ready);
  order.program->files.push_back({});
  CHECK_FALSE(KnownJob(order, {1}).is_ready);
}

TEST_CASE("a step is whole runs of fixed width, at least one, and ends with its lease") {
  JobOrder order{{1}, Kernel::exec, Fold::sum};
  order.program = Program{};
  order.program->run_width = 10;
  KnownJob job(order, {1});
  for (int i = 0; i < 20; ++i) job.pace.learn(0, 10, 0.3);  // about three runs a second
  const std::uint64_t end = job.next_step_end(0, 1'000'000);
  CHECK(end % 10 == 0);
  CHECK(end > 10);
  CHECK(end < 100);
  for (int i = 0; i < 20; ++i) job.pace.learn(0, 10, 30);
  CHECK(job.next_step_end(0, 1'000'000) == 10);
  CHECK(job.next_step_end(5, 1'000'000) == 10);
  CHECK(job.next_step_end(0, 7) == 7);
}

}  // namespace pq::tests
