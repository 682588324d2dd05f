// What JSON shows beyond the messages: figures that follow from a report, and things that are never sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/fields.h"
#include "common/report/figures.h"
#include "common/report/findings.h"

namespace pq {

// Shown after a report's own fields.
void derived_fields(auto& v, const JobReport& m) {
  v(Field("value_is_final",
          "The value is the total: the job is done. Of one that has failed or was cancelled it is of the "
          "part that is done."),
    value_is_final(m));
  v(Field("eta_s", "Seconds to its end at this rate; null while nothing runs."), eta_s(m));
  const auto band = eta_band_s(m);
  v(Field("eta_low_s", "eta_s is between these, as the rate has wavered so far."),
    band ? std::optional(band->low) : std::nullopt);
  v(Field("eta_high_s", "The same; both are null where that is not known."),
    band ? std::optional(band->high) : std::nullopt);
}

// An entry with the job that it is of.
template <class Entry>
struct OfJob {
  JobId job;
  const Entry& entry;
};
template <>
inline constexpr SchemaName schema_of<OfJob<LogEntry>> = {
    "pq.log/1", "A part of what a run printed, one line of JSON each."};
template <>
inline constexpr SchemaName schema_of<OfJob<OutputEntry>> = {
    "pq.output/1",
    "A part of what was collected of a job, in the order of the range, one line of JSON each."};
template <>
inline constexpr SchemaName schema_of<OfJob<PartReport>> = {
    "pq.part/1", "A part of a job that is done, and who has computed it, one line of JSON each."};
template <class Entry>
void fields(auto& v, const OfJob<Entry>& m) {
  v(Field("job", "Its number."), m.job);
  v(Field("entry").shown(Shown::flat), m.entry);
}

struct PartsOfJob {
  JobId job;
  std::vector<OfJob<PartReport>> parts;
  bool more = false;
  std::optional<std::uint64_t> next_begin;
};
template <>
inline constexpr SchemaName schema_of<PartsOfJob> = {
    "pq.provenance/1", "Who has computed what of a job, in the order of the range."};
void fields(auto& v, Is<PartsOfJob> auto& m) {
  v(Field("job", "Its number."), m.job);
  v(Field("parts", "The first 256; pq-provenance shows all."), m.parts);
  v(Field("more", "There are more parts."), m.more);
  v(Field("next_begin", "Where they begin; null: there are none.").shown(Shown::as_decimal), m.next_begin);
}

template <>
inline constexpr SchemaName schema_of<FileVerification> = {
    "pq.verifications/1", "What pqd --verify has found out about a database file."};
void fields(auto& v, Is<FileVerification> auto& m) {
  v(Field("file", "Its path."), m.file);
  v(Field("holds", "All findings do."), all_hold(m));
  v(Field("findings", "Those that go across jobs."), m.together);
  v(Field("jobs", "Each of its jobs."), m.jobs);
}

struct ErrorText {
  std::string_view word;
  std::string_view text;
};
void fields(auto& v, Is<ErrorText> auto& m) {
  v(Field("word", "For programs; more may come."), m.word);
  v(Field("text", "For people, with what to do."), m.text);
}

// A command's or a request's answer of "no".
struct ErrorAnswer {
  ErrorText error;
};
template <>
inline constexpr SchemaName schema_of<ErrorAnswer> = {"pq.error/1", "A no."};
void fields(auto& v, Is<ErrorAnswer> auto& m) { v(Field("error", "What is wrong."), m.error); }

// A command that names several jobs: those that are not in its list, and why.
struct JobsMissed {
  std::string jobs;
  std::string word;
  std::string text;
};
void fields(auto& v, Is<JobsMissed> auto& m) {
  v(Field("jobs", "A number, or the span as it was written: 8-9."), m.jobs);
  v(Field("word", "For programs; more may come."), m.word);
  v(Field("text", "For people, with what to do."), m.text);
}

struct JobsOfSelection {
  const JobsReport& found;
  const std::vector<JobsMissed>& missed;
};
template <>
inline constexpr SchemaName schema_of<JobsOfSelection> = schema_of<JobsReport>;
void fields(auto& v, Is<JobsOfSelection> auto& m) {
  v(Field("found").shown(Shown::flat), m.found);
  v.sometimes(
      true, Field("errors", "Of a command that names several jobs: those that are not in the list, and why."),
      m.missed);
}

}  // namespace pq
