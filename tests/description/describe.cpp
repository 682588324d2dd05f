// pq-describe: prints what follows from the descriptions of messages, reports and words, as one JSON object:
//   tables   of PROTOCOL.md, by the message's type or the part's name
//   schemas  by file name
//   words    of the enums, and of events, for the dashboard and the Python package
// tests/description/generated puts it into the files of the tree, or compares.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "client/shown.h"
#include "daemon/core/telling/explanation.h"
#include "daemon/core/telling/happening.h"
#include "daemon/view/schemas.h"
#include "tests/description/schema_writer.h"
#include "tests/description/table_writer.h"
#include "tests/rooms.h"

namespace {

using namespace pq;
using namespace pq::tests;
using pq::tests::SchemaWriter;
using pq::tests::TableWriter;

// ---------------------------------------------------------------- tables

template <class T>
void add_table(Json& tables, std::string_view name) {
  Json& rows = tables[std::string(name)] = Json::array();
  for (const TableWriter::Row& row : TableWriter::rows_of(T{}))
    rows.push_back({{"key", row.key}, {"type", row.type}, {"text", row.text}});
}

template <class... Messages>
void add_messages(Json& tables, const std::variant<Messages...>* /*type*/) {
  (add_table<Messages>(tables, message_type<Messages>), ...);
}

template <class... Parts>
void add_parts(Json& tables) {
  (add_table<Parts>(tables, part_name<Parts>), ...);
}

Json all_tables() {
  Json tables = Json::object();
  add_messages(tables, static_cast<AgentToHead*>(nullptr));
  add_messages(tables, static_cast<HeadToAgent*>(nullptr));
  add_messages(tables, static_cast<ClientToHead*>(nullptr));
  add_messages(tables, static_cast<HeadToClient*>(nullptr));
  add_parts<Label, FileRef, Setting, Program, Notice, LeaseView, PaceView, LogPart, OutputPart, LeaseOrder,
            JobOrder, JobSpec, LeaseCounts, FailedSpan, StuckStep, RefusedJob, LeaseHeld, AgentReport,
            LogEntry, EventEntry, Reason, OutputEntry, PartReport, Finding, KeyReport, AgentProgram>(tables);
  return tables;
}

// ---------------------------------------------------------------- schemas

template <class Report>
void add_schema(Json& schemas, const Report& sample = Report{}) {
  schemas[file_of(schema_of<Report>.name)] = SchemaWriter::file_of_report(sample);
}

template <class T>
Json described(std::string_view text) {
  Json definition = {{"description", text}};
  if constexpr (Worded<T>) {
    definition.update(SchemaWriter::words<T>());
  } else {
    definition.update(SchemaWriter::object_of(T{}));
  }
  return definition;
}

Json common_schema() {
  Json defs = Json::object();
  defs["decimal"] = {{"description", "An unsigned integer that may pass 2^53, in decimal digits."},
                     {"type", "string"},
                     {"pattern", "^(0|[1-9][0-9]{0,19})$"}};
  defs["value"] = {
      {"description",
       "An exact signed integer of up to 128 bits in decimal digits, or a double where a program printed "
       "one, of an exact sum the nearest one; null before the first commit, without a fold, or if it does "
       "not fit."},
      {"type", {"string", "null"}},
      {"pattern", "^(-?[0-9]{1,39}|-?[0-9.]+(e[-+]?[0-9]+)?|-?inf|-?nan)$"}};
  defs["labels"] = {{"description", "KEY: VALUE facts of a machine."},
                    {"type", "object"},
                    {"additionalProperties", {{"type", "string"}}}};
  defs["state"] = described<JobState>(
      "Of a job: queued, running and paused may change; done, failed and cancelled are for ever, but that "
      "pq-retry "
      "opens a failed one again.");
  defs["kernel"] = described<Kernel>("What is computed over the range.");
  defs["fold"] = described<Fold>("How the values of spans join.");
  defs["file"] = described<FileRef>("A file that travels with a job.");
  defs["program"] = described<Program>("What the kernel exec runs.");
  defs["finding"] = described<Finding>("One invariant that was looked at.");
  defs["reason"] = described<Reason>("One thing that decides how a job fares.");
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"$id", "pq.common.1.json"},
          {"title", "What the schemas of pq share."},
          {"$defs", std::move(defs)}};
}

Json all_schemas() {
  Json schemas = Json::object();
  schemas["pq.common.1.json"] = common_schema();
  add_schema<JobReport>(schemas);
  add_schema<AgentsReport>(schemas);
  add_schema<KeysReport>(schemas);
  add_schema<EventEntry>(schemas);
  add_schema<EventsReport>(schemas);
  add_schema<Explanation>(schemas);
  add_schema<Verification>(schemas);
  add_schema<FileVerification>(schemas);
  add_schema<PartsOfJob>(schemas);
  add_schema<Recomputed>(schemas);
  add_schema<BackedUp>(schemas);
  add_schema<JobSpec>(schemas);
  add_schema<ErrorAnswer>(schemas);
  add_schema<LedgerPicture>(schemas);
  add_schema<History>(schemas);
  add_schema<FailedLogs>(schemas);
  add_schema<GoneFromLists>(schemas);
  add_schema<Tick>(schemas);
  add_schema<UserDataAnswer>(schemas);
  add_schema(schemas, OfJob<LogEntry>{{}, LogEntry{}});
  add_schema(schemas, OfJob<OutputEntry>{{}, OutputEntry{}});
  add_schema(schemas, OfJob<PartReport>{{}, PartReport{}});
  add_schema(schemas, JobsOfSelection{JobsReport{}, {}});
  add_schema(schemas, NewKeyAnswer{KeyWish{}, NewKey{}});
  return schemas;
}

// ---------------------------------------------------------------- words

Json all_words() {
  Json words = {{"JOB_STATES", enum_words<JobState>},
                {"AGENT_STATES", enum_words<AgentState>},
                {"SEVERITIES", enum_words<Severity>},
                {"SPAN_STATES", enum_words<SpanKind>},
                {"STREAMS", enum_words<Stream>},
                {"KERNELS", enum_words<Kernel>},
                {"FOLDS", enum_words<Fold>},
                {"NOTICE_KINDS", enum_words<NoticeKind>},
                {"ERROR_WORDS", enum_words<ErrorWord>},
                {"REASONS", enum_words<Cause>}};
  Json& events = words["EVENTS"] = Json::array();
  for (const Happening what : all<Happening>()) {
    if (is_kept(what)) events.push_back(to_text(what));
  }
  return words;
}

}  // namespace

int main() {
  const Json described = {{"tables", all_tables()}, {"schemas", all_schemas()}, {"words", all_words()}};
  std::cout << described.dump(2) << "\n";
}
