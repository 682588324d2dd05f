#include "daemon/core/telling/ledger_picture.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "daemon/core/limits.h"

namespace pq::core {
namespace {

struct Picture {
  const Core& core;
  SpanPicture span;

  SpanPicture operator()(const Free& free) {
    span.attempts_failed = free.evidence.attempts_failed;
    return std::move(span);
  }
  SpanPicture operator()(const Leased& leased) {
    span.kind = SpanKind::leased;
    span.agent = core.fleet.roster().at(leased.agent).row.name;
    span.upto = leased.upto;
    if (const Lease* lease = core.fleet.leases().find(leased.lease)) {
      span.granted_unix_ms = lease->granted_unix_ms;
      span.end_asked = lease->end_asked;
    }
    return std::move(span);
  }
  SpanPicture operator()(const Done& /*its value is of no use for the eye*/) {
    span.kind = SpanKind::done;
    return std::move(span);
  }
  SpanPicture operator()(const Failed& failed) {
    span.kind = SpanKind::failed;
    span.attempts_failed = failed.evidence.attempts_failed;
    span.error = failed.error;
    return std::move(span);
  }
};

void add(SpanPicture& mixed, const Range& range, const SpanState& state) {
  mixed.range.end = range.end;
  if (std::holds_alternative<Done>(state)) mixed.done += range.width();
  if (std::holds_alternative<Failed>(state)) mixed.failed += range.width();
  if (const auto* leased = std::get_if<Leased>(&state)) {
    mixed.done += leased->upto - range.begin;
    mixed.leased += range.end - leased->upto;
  }
}

}  // namespace

LedgerPicture picture_of(const Core& core, const Job& job) {
  const auto& spans = job.ledger.spans();
  LedgerPicture picture{job.row.id, job.row.spec.range, {}, spans.size()};
  // So many neighbours become one.
  const std::size_t in_a_row = (spans.size() + limits::ledger_spans_told - 1) / limits::ledger_spans_told;
  picture.spans.reserve(spans.size() / std::max<std::size_t>(in_a_row, 1) + 1);
  std::size_t position = 0;
  for (const auto& [begin, span] : spans) {
    const Range range{begin, span.end};
    if (in_a_row <= 1) {
      picture.spans.push_back(std::visit(Picture{core, SpanPicture{.range = range}}, span.state));
      continue;
    }
    if (position++ % in_a_row == 0)
      picture.spans.push_back({.range = {begin, begin}, .kind = SpanKind::mixed});
    add(picture.spans.back(), range, span.state);
  }
  return picture;
}

}  // namespace pq::core
