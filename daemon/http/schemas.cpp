#include "daemon/http/schemas.h"

#include <nlohmann/json.hpp>

#include "common/version.h"

namespace pq {
namespace {

Json to_json(const SpanPicture& span) {
  const Range& range = span.range;
  Json json = {{"begin", std::to_string(range.begin)},
               {"end", std::to_string(range.end)},
               {"state", to_text(span.kind)}};
  switch (span.kind) {
    case SpanKind::free:
      json["attempts"] = span.attempts_failed;
      break;
    case SpanKind::leased:
      json["agent"] = span.agent;
      json["upto"] = std::to_string(span.upto);
      json["granted_unix_ms"] = span.granted_unix_ms ? Json(*span.granted_unix_ms) : Json(nullptr);
      json["end_asked"] = span.end_asked ? Json(std::to_string(*span.end_asked)) : Json(nullptr);
      break;
    case SpanKind::done:
      break;
    case SpanKind::failed:
      json["attempts"] = span.attempts_failed;
      json["error"] = span.error;
      break;
    case SpanKind::mixed:
      json["done"] = std::to_string(span.done);
      json["leased"] = std::to_string(span.leased);
      json["free"] = std::to_string(range.width() - span.done - span.leased - span.failed);
      json["failed"] = std::to_string(span.failed);
      break;
  }
  return json;
}

}  // namespace

Json to_json(const LedgerPicture& ledger) {
  Json spans = Json::array();
  for (const SpanPicture& span : ledger.spans) spans.push_back(to_json(span));
  return {{"schema", "pq.ledger/1"},
          {"job", ledger.job.value},
          {"begin", std::to_string(ledger.range.begin)},
          {"end", std::to_string(ledger.range.end)},
          {"width", std::to_string(ledger.range.width())},
          {"spans", std::move(spans)},
          {"spans_in_all", ledger.spans_in_all}};
}

Json history_json(std::optional<JobId> job, const std::vector<Sample>& samples) {
  Json list = Json::array();
  for (const Sample& sample : samples) {
    list.push_back({{"unix_ms", sample.unix_ms},
                    {"done_per_s", sample.done_per_s},
                    {"slots_busy", sample.slots_busy},
                    {"slots", sample.slots}});
  }
  return {{"schema", "pq.history/1"},
          {"job", job ? Json(job->value) : Json(nullptr)},
          {"samples", std::move(list)}};
}

Json failed_logs_json(JobId job, const std::vector<LogEntry>& entries, bool more) {
  Json list = Json::array();
  for (const LogEntry& entry : entries) list.push_back(to_json(job, entry));
  return {{"schema", "pq.logs/1"},
          {"job", job.value},
          {"failed", true},
          {"entries", std::move(list)},
          {"more", more}};
}

Json gone_json(const std::vector<JobId>& jobs, const std::vector<std::string>& agents) {
  Json ids = Json::array();
  for (const JobId job : jobs) ids.push_back(job.value);
  return {{"schema", "pq.gone/1"}, {"jobs", std::move(ids)}, {"agents", agents}};
}

Json tick_json(UnixMs now) {
  return {{"schema", "pq.tick/1"}, {"unix_ms", now}, {"version", program_version}};
}

}  // namespace pq
