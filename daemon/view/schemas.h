// What only HTTP shows, described as messages are (common/protocol/field.h): the same lines write the JSON
// and print its schema. Descriptions stand in pq itself, where those who write and read them look.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/protocol/fields.h"
#include "common/report/json.h"
#include "common/report/shown.h"
#include "common/values/ids.h"
#include "daemon/core/telling/ledger_picture.h"
#include "daemon/core/telling/throughput.h"

namespace pq {

void fields(auto& v, Is<core::SpanPicture> auto& m) {
  const bool is_leased = m.kind == core::SpanKind::leased;
  const bool is_failed = m.kind == core::SpanKind::failed;
  const bool is_mixed = m.kind == core::SpanKind::mixed;
  v(Field("range").shown(Shown::flat), m.range);
  v(Field("state", "mixed: several neighbours told as one, where a ledger has too many spans for a screen."),
    m.kind);
  v.sometimes(is_leased, Field("agent", "leased: who holds it."), m.agent);
  v.sometimes(is_leased, Field("upto", "leased: [begin, upto) is committed.").shown(Shown::as_decimal),
              m.upto);
  v.sometimes(is_leased,
              Field("granted_unix_ms", "leased: when; null if that was before the head's last start."),
              m.granted_unix_ms);
  v.sometimes(
      is_leased,
      Field("end_asked", "leased: where its holder is asked to end, or null.").shown(Shown::as_decimal),
      m.end_asked);
  v.sometimes(is_failed || m.kind == core::SpanKind::free,
              Field("attempts", "free, failed: attempts that failed."), m.attempts_failed);
  v.sometimes(is_failed, Field("error", "failed: the program's last words."), m.error);
  v.sometimes(is_mixed, Field("done", "mixed: integers that are counted.").shown(Shown::as_decimal), m.done);
  v.sometimes(is_mixed,
              Field("leased", "mixed: integers that leases have still to do.").shown(Shown::as_decimal),
              m.leased);
  v.sometimes(is_mixed, Field("free", "mixed: integers that nobody holds.").shown(Shown::as_decimal),
              m.range.width() - m.done - m.leased - m.failed);
  v.sometimes(is_mixed, Field("failed", "mixed: integers that were given up.").shown(Shown::as_decimal),
              m.failed);
}

template <>
inline constexpr SchemaName schema_of<core::LedgerPicture> = {"pq.ledger/1",
                                                              "A job's spans, which tile its range."};
void fields(auto& v, Is<core::LedgerPicture> auto& m) {
  v(Field("job", "Its number."), m.job);
  v(Field("range").shown(Shown::flat), m.range);
  v(Field("width", "end - begin.").shown(Shown::as_decimal), m.range.width());
  v(Field("spans", "In order, 2000 at most."), m.spans);
  v(Field("spans_in_all", "Of the ledger; more than are listed where some are mixed.").at_least(1),
    m.spans_in_all);
}
Json to_json(const core::LedgerPicture& ledger);

void fields(auto& v, Is<core::Sample> auto& m) {
  v(Field("unix_ms", "At its end."), m.unix_ms);
  v(Field("done_per_s", "Integers a second."), m.done_per_s);
  v(Field("slots_busy", "At its end."), m.slots_busy);
  v(Field("slots", "At its end: those that take work."), m.slots);
}

struct History {
  std::optional<JobId> job;  // nullopt: the whole fleet
  std::vector<core::Sample> samples;
};
template <>
inline constexpr SchemaName schema_of<History> = {"pq.history/1",
                                                  "How fast a job, or the whole fleet, went."};
void fields(auto& v, Is<History> auto& m) {
  v(Field("job", "Its number; null: the fleet."), m.job);
  v(Field("samples", "By time; each says what happened since the one before."), m.samples);
}
Json history_json(std::optional<JobId> job, const std::vector<core::Sample>& samples);

struct FailedLogs {
  JobId job;
  std::vector<OfJob<LogEntry>> entries;
  bool more = false;
};
template <>
inline constexpr SchemaName schema_of<FailedLogs> = {"pq.logs/1",
                                                     "What the failed runs of a job printed last."};
void fields(auto& v, Is<FailedLogs> auto& m) {
  v(Field("job", "Its number."), m.job);
  v(Field("failed", "Always true: of no other runs."), true);
  v(Field("entries", "The latest last."), m.entries);
  v(Field("more", "There are older ones."), m.more);
}
Json failed_logs_json(JobId job, const std::vector<LogEntry>& entries, bool more);

// Of the stream.
struct GoneFromLists {
  std::vector<JobId> jobs;
  std::vector<std::string> agents;
};
template <>
inline constexpr SchemaName schema_of<GoneFromLists> = {"pq.gone/1",
                                                        "Of the stream: what is in the lists no more."};
void fields(auto& v, Is<GoneFromLists> auto& m) {
  v(Field("jobs", "Their numbers."), m.jobs);
  v(Field("agents", "Their names."), m.agents);
}
Json gone_json(const std::vector<JobId>& jobs, const std::vector<std::string>& agents);

// Of the stream.
struct Tick {
  UnixMs unix_ms = 0;
  std::string version;
};
template <>
inline constexpr SchemaName schema_of<Tick> = {"pq.tick/1", "Of the stream: the head lives."};
void fields(auto& v, Is<Tick> auto& m) {
  v(Field("unix_ms", "By its clock."), m.unix_ms);
  v(Field("version", "Of pqd."), m.version);
}
Json tick_json(UnixMs now);

}  // namespace pq
