#include "daemon/core/ledger_picture.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/limits.h"

namespace pq {
namespace {

struct Picture {
  const Queue& queue;
  SpanPicture span;

  SpanPicture operator()(const Free& free) {
    span.attempts_failed = free.attempts_failed;
    return std::move(span);
  }
  SpanPicture operator()(const Leased& leased) {
    span.kind = SpanKind::leased;
    span.agent = queue.roster().at(leased.agent).row.name;
    span.upto = leased.upto;
    if (const Lease* lease = queue.leases().find(leased.lease)) {
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
    span.attempts_failed = failed.attempts_failed;
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

std::string_view to_text(SpanKind kind) {
  switch (kind) {
    case SpanKind::free:
      return "free";
    case SpanKind::leased:
      return "leased";
    case SpanKind::done:
      return "done";
    case SpanKind::failed:
      return "failed";
    case SpanKind::mixed:
      return "mixed";
  }
  return "";
}

LedgerPicture picture_of(const Queue& queue, const Job& job) {
  const auto& spans = job.ledger.spans();
  LedgerPicture picture{job.row.id, job.row.spec.range, {}, spans.size()};
  // So many neighbours are told as one.
  const std::size_t in_a_row = (spans.size() + limits::ledger_spans_told - 1) / limits::ledger_spans_told;
  picture.spans.reserve(spans.size() / std::max<std::size_t>(in_a_row, 1) + 1);
  std::size_t position = 0;
  for (const auto& [begin, span] : spans) {
    const Range range{begin, span.end};
    if (in_a_row <= 1) {
      picture.spans.push_back(std::visit(Picture{queue, SpanPicture{.range = range}}, span.state));
      continue;
    }
    if (position++ % in_a_row == 0)
      picture.spans.push_back({.range = {begin, begin}, .kind = SpanKind::mixed});
    add(picture.spans.back(), range, span.state);
  }
  return picture;
}

}  // namespace pq
