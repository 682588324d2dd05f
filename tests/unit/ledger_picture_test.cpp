#include "daemon/core/telling/ledger_picture.h"

#include <doctest/doctest.h>

#include "daemon/core/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

void check_tiles(const LedgerPicture& picture) {
  std::uint64_t at = picture.range.begin;
  for (const SpanPicture& span : picture.spans) {
    CHECK(span.range.begin == at);
    CHECK(span.range.end > span.range.begin);
    at = span.range.end;
  }
  CHECK(at == picture.range.end);
}

TEST_CASE("a ledger is pictured span by span, with who holds what and how far") {
  TwoAgents s;
  s.ends_amid_work();
  s.a->commits(s.lease, upto(300), value(62));
  const LedgerPicture picture = picture_of(s.queue().core(), s.queue().jobs().at(s.id));
  check_tiles(picture);
  REQUIRE(picture.spans.size() == 1);
  CHECK(picture.spans_in_all == 1);
  const SpanPicture& leased = picture.spans[0];
  CHECK(leased.kind == SpanKind::leased);
  CHECK(leased.agent == "a");
  CHECK(leased.upto == 300);
  CHECK(leased.granted_unix_ms.has_value());
  s.a->ends_earlier(s.lease, 400);
  s.b->beats();
  const LedgerPicture split = picture_of(s.queue().core(), s.queue().jobs().at(s.id));
  check_tiles(split);
  CHECK(split.spans.size() >= 2);
  CHECK(split.spans[1].range.begin == 400);
}

TEST_CASE("after a restart of the head nobody knows when a lease was granted") {
  TwoAgents s;
  s.ends_amid_work();
  s.restarts_head();
  const LedgerPicture picture = picture_of(s.queue().core(), s.queue().jobs().at(s.id));
  REQUIRE(picture.spans.size() == 1);
  CHECK(picture.spans[0].kind == SpanKind::leased);
  CHECK_FALSE(picture.spans[0].granted_unix_ms.has_value());
}

TEST_CASE("what is free and failed tells of attempts and last words") {
  Scenario s;
  auto& a = s.agent("a");
  JobSpec spec;
  spec.range = {0, 4};
  spec.attempts_max = 1;
  const JobId job = s.submits(spec);
  for (int tries = 0; tries < 20 && s.row(job).state != JobState::failed; ++tries) {
    const Taken lease = a.takes_lease();
    if (lease.begin <= 2 && lease.end > 2) {
      if (lease.begin < 2) a.commits(lease, upto(2), value(0));
      a.fails(lease, upto(3), "two is odd");
    } else {
      a.finishes(lease, 0);
    }
  }
  const LedgerPicture picture = picture_of(s.queue().core(), s.queue().jobs().at(job));
  check_tiles(picture);
  REQUIRE(picture.spans.size() == 3);
  CHECK(picture.spans[0].kind == SpanKind::done);
  CHECK(picture.spans[1].kind == SpanKind::failed);
  CHECK(picture.spans[1].error == "two is odd");
  CHECK(picture.spans[1].attempts_failed == 1);
}

TEST_CASE("more spans than a screen shows are told as mixed ones that add up") {
  const std::size_t leases = 3 * limits::ledger_spans_told;
  JobRow row;
  row.id = JobId{1};
  row.spec.range = {0, 2 * leases};
  row.state = JobState::running;
  Stored stored;
  stored.jobs[row.id] = row;
  AgentRow agent;
  agent.id = AgentId{1};
  agent.name = "a";
  stored.agents[agent.id] = agent;
  for (std::uint64_t i = 0; i < leases; ++i) {
    stored.spans[{row.id, 2 * i}] = {2 * i + 1, Done{Int128{1}}};
    stored.spans[{row.id, 2 * i + 1}] = {2 * i + 2, Leased{{Epoch{9}, i + 1}, AgentId{1}, 2 * i + 1, {}}};
  }
  const Queue queue({}, Epoch{10}, stored, {Instant{std::chrono::hours(1)}, 1000});
  const LedgerPicture picture = picture_of(queue.core(), queue.jobs().at(row.id));
  check_tiles(picture);
  CHECK(picture.spans_in_all == 2 * leases);
  CHECK(picture.spans.size() <= limits::ledger_spans_told);
  CHECK(picture.spans.size() > limits::ledger_spans_told / 2);
  std::uint64_t done = 0;
  std::uint64_t leased = 0;
  for (const SpanPicture& span : picture.spans) {
    CHECK(span.kind == SpanKind::mixed);
    CHECK(span.done + span.leased + span.failed <= span.range.width());
    done += span.done;
    leased += span.leased;
  }
  CHECK(done == leases);
  CHECK(leased == leases);
}

}  // namespace
}  // namespace pq::tests
