// Rows of who has computed what, and how neighbours become one where there are very many.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/core/proof/provenance.h"
#include "daemon/core/proof/provenance_findings.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

Part part(std::uint64_t end, std::vector<WorkerId> workers, std::int64_t sum, std::uint64_t bytes = 0) {
  return {end, LeaseId{{1}, end}, std::move(workers), value(sum), bytes};
}

const WorkerId a{1};
const WorkerId b{2};

Finding found(const Parts& parts, const SpanRows& spans) {
  JobRow job;
  job.id = {1};
  job.spec.range = {0, 1000};
  return provenance_tiles_done(job, spans, {parts, {{a, {"a", ""}}, {b, {"b", ""}}}});
}

}  // namespace

TEST_CASE("neighbours of one agent are joined first") {
  const Parts parts = {{0, part(10, {a}, 1)}, {10, part(20, {a}, 2)}, {20, part(30, {b}, 3)}};
  const Parts few = joined(parts, Fold::sum, 2);
  REQUIRE(few.size() == 2);
  CHECK(few.at(0).end == 20);
  CHECK(few.at(0).workers == std::vector{a});
  CHECK(same(*few.at(0).value, value(3)));
  CHECK_FALSE(few.at(0).lease);
  CHECK(few.at(20).lease == LeaseId{{1}, 30});
}

TEST_CASE("then neighbours of different agents, which are both remembered") {
  const Parts parts = {{0, part(10, {a}, 1, 7)}, {10, part(20, {b}, 2, 8)}, {20, part(30, {a}, 3)}};
  const Parts few = joined(parts, Fold::sum, 2);
  REQUIRE(few.size() == 2);
  CHECK(few.at(0).workers == std::vector{a, b});
  CHECK(few.at(0).output_bytes == 15);
  CHECK(few.at(20).workers == std::vector{a});
}

TEST_CASE("what is not done in between keeps parts apart") {
  CHECK(joined({{0, part(10, {a}, 1)}, {11, part(20, {a}, 2)}}, Fold::sum, 1).size() == 2);
}

TEST_CASE("values of joined parts are exact") {
  Parts wide = {{0, part(10, {a}, 0)}, {10, part(20, {a}, 1)}, {20, part(30, {a}, -1)}};
  wide.at(0).value = *parse_value("170141183460469231731687303715884105727");
  const Parts one = joined(wide, Fold::sum, 1);
  REQUIRE(one.size() == 1);
  CHECK(same(*one.at(0).value, *wide.at(0).value));
}

TEST_CASE("of very many agents it is not known who they were, and each may have been it") {
  Parts parts;
  for (std::uint64_t i = 0; i < 64; ++i) parts[i] = part(i + 1, {WorkerId{i + 1}}, 1);
  const Parts few = joined(parts, Fold::sum, 2);
  CHECK(few.size() <= 2);
  CHECK(few.begin()->second.workers.empty());
  CHECK(may_be_of(few.begin()->second, std::set<WorkerId>{{17}}));
  CHECK_FALSE(may_be_of(parts.at(3), std::set<WorkerId>{{17}}));
}

TEST_CASE("a worker is a name under a key, and the same at each start") {
  CHECK(worker_of("w1", "key") == worker_of("w1", "key"));
  CHECK(worker_of("w1", "key") != worker_of("w2", "key"));
  CHECK(worker_of("w1", "key") != worker_of("w1", "other"));
  CHECK(worker_of("w1", "key") == WorkerId{0xf4bb5c95862646a5ULL});  // it is stored
}

TEST_CASE("parts must tile what is done and fold to its values") {
  const SpanRows spans = {{{{1}, 0}, {30, Done{value(6)}}}, {{{1}, 30}, {1000, Free{}}}};
  const Parts whole = {{0, part(10, {a}, 1)}, {10, part(30, {b}, 5)}};
  CHECK(found(whole, spans).holds);
  const auto is_broken = [&](const Parts& parts) { return !found(parts, spans).holds; };
  CHECK(is_broken({{0, part(10, {a}, 1)}}));                                    // one is missing
  CHECK(is_broken({{0, part(10, {a}, 1)}, {11, part(30, {b}, 5)}}));            // a gap
  CHECK(is_broken({{0, part(10, {a}, 1)}, {10, part(31, {b}, 5)}}));            // beyond the end
  CHECK(is_broken({{0, part(10, {a}, 1)}, {10, part(30, {b}, 4)}}));            // another value
  CHECK(is_broken({{0, part(10, {a}, 1)}, {10, part(30, {WorkerId{9}}, 5)}}));  // nobody's
  Parts more = whole;
  more[40] = part(50, {a}, 1);
  CHECK(is_broken(more));  // which is free
}

}  // namespace pq::tests
