// The fields of each message, named once for both directions: `fields(visitor, message)` shows every field to
// a visitor that writes it or reads it. Keys are part of the protocol (PROTOCOL.md): add some, never change
// one. For wire_*.cpp only.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "common/limits.h"
#include "common/messages.h"

namespace pq::wire {

// The message as the writer (const) or the reader sees it.
template <class M, class Message>
concept Is = std::same_as<std::remove_const_t<M>, Message>;

template <class Message>
inline constexpr std::string_view type_of{};

template <>
inline constexpr std::string_view type_of<Hello> = "hello";
void fields(auto& v, Is<Hello> auto& m) {
  v("name", m.name, limits::name_bytes_max);
  v("incarnation", m.incarnation);
  v("version", m.program_version);
  v("slots", m.slots);
  v("kernels", m.kernels, limits::kernels_max);
  v("labels", m.labels, limits::labels_max);
}

void fields(auto& v, Is<Label> auto& m) {
  v("key", m.key, limits::name_bytes_max);
  v("value", m.value);
}

void fields(auto& v, Is<LeaseView> auto& m) {
  v("lease", m.lease);
  v("begin", m.begin);
  v("upto", m.upto);
  v("end", m.end);
  v("value", m.value);
  v("failed_upto", m.failed_upto);
  v("error", m.error, limits::error_bytes_max);
}

void fields(auto& v, Is<LogPart> auto& m) {
  v("job", m.job);
  v("lease", m.lease);
  v("run", m.run);
  v("attempt", m.attempt);
  v("stream", m.stream);
  v("failed", m.failed);
  v("text", m.text, limits::log_part_bytes_max);
}

void fields(auto& v, Is<OutputPart> auto& m) {
  v("job", m.job);
  v("lease", m.lease);
  v("run", m.run);
  v("offset", m.offset);
  v("last", m.last);
  v("text", m.text, limits::output_part_bytes_max);
}

template <>
inline constexpr std::string_view type_of<Output> = "output";
void fields(auto& v, Is<Output> auto& m) {
  v("name", m.name, limits::name_bytes_max);
  v("incarnation", m.incarnation);
  v("seq", m.seq);
  v("logs", m.logs, limits::outputs_per_message);
  v("outputs", m.outputs, limits::outputs_per_message);
}

template <>
inline constexpr std::string_view type_of<WantFile> = "want_file";
void fields(auto& v, Is<WantFile> auto& m) {
  v("name", m.name, limits::name_bytes_max);
  v("incarnation", m.incarnation);
  v("hash", m.hash);
  v("offset", m.offset);
}

void fields(auto& v, Is<PaceView> auto& m) {
  v("job", m.job);
  v("fixed_s", m.fixed_s);
  v("per_integer_s", m.per_integer_s);
}

void fields(auto& v, Is<Notice> auto& m) {
  v("kind", m.kind);
  v("text", m.text);
  v("ends_unix_ms", m.ends_unix_ms);
}

template <>
inline constexpr std::string_view type_of<Beat> = "beat";
void fields(auto& v, Is<Beat> auto& m) {
  v("name", m.name, limits::name_bytes_max);
  v("incarnation", m.incarnation);
  v("seq", m.seq);
  v("epoch", m.epoch);
  v("orders_seen", m.orders_seen);
  v("leases", m.leases, limits::leases_per_agent_max);
  v("paces", m.paces, limits::leases_per_agent_max);
  v("draining", m.draining);
  v("notice", m.notice);
  v.defaulted("notice_errors", m.notice_errors, std::uint64_t{0});
}

template <>
inline constexpr std::string_view type_of<Goodbye> = "goodbye";
void fields(auto& v, Is<Goodbye> auto& m) {
  v("name", m.name, limits::name_bytes_max);
  v("incarnation", m.incarnation);
}

template <>
inline constexpr std::string_view type_of<Welcome> = "welcome";
void fields(auto& v, Is<Welcome> auto& m) { v("incarnation", m.incarnation); }

void fields(auto& v, Is<LeaseOrder> auto& m) {
  v("lease", m.lease);
  v("job", m.job);
  v("range", m.range);
  v("end_asked", m.end_asked);
  v.defaulted("attempts_failed", m.attempts_failed, 0U);
}

void fields(auto& v, Is<FileRef> auto& m) {
  v("name", m.name, limits::name_bytes_max);
  v("hash", m.hash);
  v("bytes", m.bytes);
  v("kind", m.kind);
}

void fields(auto& v, Is<Setting> auto& m) {
  v("name", m.name, limits::program_bytes_max);
  v("value", m.value, limits::program_bytes_max);
}

void fields(auto& v, Is<Program> auto& m) {
  v("words", m.words, limits::words_max, limits::program_bytes_max);
  v("streams", m.streams);
  v("run_width", m.run_width);
  v("timeout_ms", m.timeout_ms);
  v("memory_bytes", m.memory_bytes);
  v("collects", m.collects);
  v("env", m.env, limits::env_max);
  v("files", m.files, limits::files_max);
  v("items", m.items);
}

void fields(auto& v, Is<JobOrder> auto& m) {
  v("job", m.job);
  v("kernel", m.kernel);
  v("fold", m.fold);
  v.defaulted("begin", m.begin, std::uint64_t{0});
  v.defaulted("cpus", m.cpus, 1U);
  v("program", m.program);
}

template <>
inline constexpr std::string_view type_of<Orders> = "orders";
void fields(auto& v, Is<Orders> auto& m) {
  v("epoch", m.epoch);
  v("number", m.number);
  v("beat_ms", m.beat_ms);
  v("leases", m.leases, limits::leases_per_agent_max);
  v("jobs", m.jobs, limits::leases_per_agent_max);
  v("drain", m.drain);
}

template <>
inline constexpr std::string_view type_of<OutputStored> = "output_stored";
void fields(auto& v, Is<OutputStored> auto& m) {
  v("incarnation", m.incarnation);
  v("seq", m.seq);
}

template <>
inline constexpr std::string_view type_of<FilePart> = "file_part";
void fields(auto& v, Is<FilePart> auto& m) {
  v("hash", m.hash);
  v("offset", m.offset);
  v("size", m.size);
  v("part", m.part, limits::file_part_bytes_max);
}

template <>
inline constexpr std::string_view type_of<Refusal> = "refusal";
void fields(auto& v, Is<Refusal> auto& m) {
  v("word", m.word);
  v("detail", m.detail);
}

void fields(auto& v, Is<JobSpec> auto& m) {
  v("range", m.range);
  v("kernel", m.kernel);
  v("fold", m.fold);
  v("name", m.name, limits::name_bytes_max);
  v("priority", m.priority);
  v("attempts_max", m.attempts_max);
  v("failures_max", m.failures_max);
  v.defaulted("cpus", m.cpus, 1U);
  v.defaulted("require", m.require, {}, limits::labels_max);
  v("program", m.program);
}

template <>
inline constexpr std::string_view type_of<Submit> = "submit";
void fields(auto& v, Is<Submit> auto& m) {
  v("id", m.id);
  v("spec", m.spec);
}

template <>
inline constexpr std::string_view type_of<AskJob> = "ask_job";
void fields(auto& v, Is<AskJob> auto& m) { v("job", m.job); }

template <>
inline constexpr std::string_view type_of<AskJobs> = "ask_jobs";
void fields(auto& /*no fields*/, Is<AskJobs> auto& /*m*/) {}

template <>
inline constexpr std::string_view type_of<Wait> = "wait";
void fields(auto& v, Is<Wait> auto& m) {
  v("job", m.job);
  v("patience_ms", m.patience_ms);
  v("submission", m.submission);
}

template <>
inline constexpr std::string_view type_of<Steer> = "steer";
void fields(auto& v, Is<Steer> auto& m) {
  v("job", m.job);
  v("what", m.what);
}

template <>
inline constexpr std::string_view type_of<Reprioritize> = "reprioritize";
void fields(auto& v, Is<Reprioritize> auto& m) {
  v("job", m.job);
  v("priority", m.priority);
}

template <>
inline constexpr std::string_view type_of<AskAgents> = "ask_agents";
void fields(auto& /*no fields*/, Is<AskAgents> auto& /*m*/) {}

template <>
inline constexpr std::string_view type_of<DrainAgent> = "drain_agent";
void fields(auto& v, Is<DrainAgent> auto& m) { v("name", m.name, limits::name_bytes_max); }

template <>
inline constexpr std::string_view type_of<PutFile> = "put_file";
void fields(auto& v, Is<PutFile> auto& m) {
  v("hash", m.hash);
  v("size", m.size);
  v("offset", m.offset);
  v("part", m.part, limits::file_part_bytes_max);
}

template <>
inline constexpr std::string_view type_of<AskLogs> = "ask_logs";
void fields(auto& v, Is<AskLogs> auto& m) {
  v("job", m.job);
  v("after", m.after);
  v("failed", m.failed);
  v("around", m.around);
}

template <>
inline constexpr std::string_view type_of<AskOutput> = "ask_output";
void fields(auto& v, Is<AskOutput> auto& m) {
  v("job", m.job);
  v("begin", m.begin);
  v("offset", m.offset);
}

template <>
inline constexpr std::string_view type_of<AskEvents> = "ask_events";
void fields(auto& v, Is<AskEvents> auto& m) {
  v("after", m.after);
  v("of_job", m.job);
}

template <>
inline constexpr std::string_view type_of<AskExplanation> = "ask_explanation";
void fields(auto& v, Is<AskExplanation> auto& m) { v("job", m.job); }

template <>
inline constexpr std::string_view type_of<Verify> = "verify";
void fields(auto& v, Is<Verify> auto& m) { v("job", m.job); }

template <>
inline constexpr std::string_view type_of<BackUp> = "back_up";
void fields(auto& v, Is<BackUp> auto& m) {
  v("id", m.id);
  v("name", m.name, limits::name_bytes_max);
}

template <>
inline constexpr std::string_view type_of<Authorize> = "authorize";
void fields(auto& v, Is<Authorize> auto& m) {
  v("role", m.role);
  v("public_key", m.public_key);
  v("name", m.name, limits::name_bytes_max);
  v("lasts_ms", m.lasts_ms);
}

template <>
inline constexpr std::string_view type_of<AskKeys> = "ask_keys";
void fields(auto& /*no fields*/, Is<AskKeys> auto& /*m*/) {}

template <>
inline constexpr std::string_view type_of<RevokeKey> = "revoke_key";
void fields(auto& v, Is<RevokeKey> auto& m) { v("name", m.name, limits::name_bytes_max); }

template <>
inline constexpr std::string_view type_of<AskAgentPrograms> = "ask_agent_programs";
void fields(auto& /*no fields*/, Is<AskAgentPrograms> auto& /*m*/) {}

template <>
inline constexpr std::string_view type_of<Submitted> = "submitted";
void fields(auto& v, Is<Submitted> auto& m) {
  v("job", m.job);
  v("repeated", m.repeated);
}

void fields(auto& v, Is<LeaseCounts> auto& m) {
  v("granted", m.granted);
  v("expired", m.expired);
  v("yielded", m.yielded);
}

void fields(auto& v, Is<FailedSpan> auto& m) {
  v("range", m.range);
  v("attempts", m.attempts);
  v("error", m.error, limits::error_bytes_max);
}

template <>
inline constexpr std::string_view type_of<JobReport> = "job";
void fields(auto& v, Is<JobReport> auto& m) {
  v("job", m.job);
  v("spec", m.spec);
  v("state", m.state);
  v("done", m.done);
  v("failed", m.failed);
  v("value", m.value);
  v("leases", m.leases);
  v("recomputed", m.recomputed);
  v("attempts_failed", m.attempts_failed);
  v("slots_busy", m.slots_busy);
  v("rate_per_s", m.rate_per_s);
  v("created_unix_ms", m.created_unix_ms);
  v("started_unix_ms", m.started_unix_ms);
  v("finished_unix_ms", m.finished_unix_ms);
  v("error", m.error, limits::text_bytes_max + limits::error_bytes_max);
  v("unplaced", m.unplaced, limits::text_bytes_max + limits::error_bytes_max);
  v.defaulted("failed_spans", m.failed_spans, {}, limits::failed_spans_told);
  v.defaulted("rate_spread_per_s", m.rate_spread_per_s, 0.0);
}

template <>
inline constexpr std::string_view type_of<JobsReport> = "jobs";
void fields(auto& v, Is<JobsReport> auto& m) {
  v("jobs", m.jobs, limits::jobs_reported_max);
  v("left_out", m.left_out);
}

void fields(auto& v, Is<LeaseHeld> auto& m) {
  v("job", m.job);
  v("granted_unix_ms", m.granted_unix_ms);
}

void fields(auto& v, Is<AgentReport> auto& m) {
  v("name", m.name, limits::name_bytes_max);
  v("state", m.state);
  v("version", m.program_version);
  v("slots", m.slots);
  v("busy", m.busy);
  v("rate_per_s", m.rate_per_s);
  v("heard_ms_ago", m.heard_ms_ago);
  v("kernels", m.kernels, limits::kernels_max);
  v("labels", m.labels, limits::labels_max);
  v("notice", m.notice);
  v.defaulted("notice_errors", m.notice_errors, std::uint64_t{0});
  v.defaulted("beats_missed", m.beats_missed, 0U);
  v.defaulted("leases", m.leases, {}, limits::leases_told);
}

template <>
inline constexpr std::string_view type_of<AgentsReport> = "agents";
void fields(auto& v, Is<AgentsReport> auto& m) {
  v("agents", m.agents, limits::agents_reported_max);
  v("left_out", m.left_out);
}

template <>
inline constexpr std::string_view type_of<FileStored> = "file_stored";
void fields(auto& v, Is<FileStored> auto& m) {
  v("hash", m.hash);
  v("upto", m.upto);
}

void fields(auto& v, Is<LogEntry> auto& m) {
  v("number", m.number);
  v("unix_ms", m.unix_ms);
  v("agent", m.agent, limits::name_bytes_max);
  v("run", m.run);
  v("attempt", m.attempt);
  v("stream", m.stream);
  v("failed", m.failed);
  v("text", m.text, limits::log_part_bytes_max);
}

template <>
inline constexpr std::string_view type_of<Logs> = "logs";
void fields(auto& v, Is<Logs> auto& m) {
  v("entries", m.entries, limits::logs_answered_max);
  v("next", m.next);
  v("more", m.more);
  v("state", m.state);
}

void fields(auto& v, Is<EventEntry> auto& m) {
  v("number", m.number);
  v("unix_ms", m.unix_ms);
  v("what", m.what, limits::name_bytes_max);
  v("severity", m.severity);
  v("job", m.job);
  v("agent", m.agent, limits::name_bytes_max);
  v("text", m.text);
  v("detail", m.detail, limits::event_detail_bytes_max);
}

template <>
inline constexpr std::string_view type_of<EventsReport> = "events";
void fields(auto& v, Is<EventsReport> auto& m) {
  v("events", m.events, limits::events_told);
  v("left_out", m.left_out);
}

void fields(auto& v, Is<Reason> auto& m) {
  v("word", m.word, limits::name_bytes_max);
  v("text", m.text, limits::reason_bytes_max);
  v("advice", m.advice, limits::reason_bytes_max);
}

template <>
inline constexpr std::string_view type_of<Explanation> = "explanation";
void fields(auto& v, Is<Explanation> auto& m) {
  v("job", m.job);
  v("state", m.state);
  v("reasons", m.reasons, limits::reasons_max);
}

void fields(auto& v, Is<OutputEntry> auto& m) {
  v("run", m.run);
  v("offset", m.offset);
  v("text", m.text, limits::output_part_bytes_max);
}

template <>
inline constexpr std::string_view type_of<OutputPage> = "output_page";
void fields(auto& v, Is<OutputPage> auto& m) {
  v("entries", m.entries, limits::outputs_per_message);
  v("more", m.more);
  v("next_begin", m.next_begin);
  v("next_offset", m.next_offset);
}

void fields(auto& v, Is<Finding> auto& m) {
  v("invariant", m.invariant);
  v("holds", m.holds);
  v("detail", m.detail, limits::text_bytes_max + limits::error_bytes_max);
}

template <>
inline constexpr std::string_view type_of<Verification> = "verification";
void fields(auto& v, Is<Verification> auto& m) {
  v("job", m.job);
  v("findings", m.findings, limits::findings_max);
}

template <>
inline constexpr std::string_view type_of<BackedUp> = "backed_up";
void fields(auto& v, Is<BackedUp> auto& m) {
  v("path", m.path, limits::path_bytes_max);
  v("bytes", m.bytes);
}

template <>
inline constexpr std::string_view type_of<Authorized> = "authorized";
void fields(auto& v, Is<Authorized> auto& m) { v("expires_unix_ms", m.expires_unix_ms); }

void fields(auto& v, Is<KeyReport> auto& m) {
  v("role", m.role);
  v("name", m.name, limits::name_bytes_max);
  v("public_key", m.public_key);
  v("expires_unix_ms", m.expires_unix_ms);
  v("agents", m.agents);
}

template <>
inline constexpr std::string_view type_of<KeysReport> = "keys";
void fields(auto& v, Is<KeysReport> auto& m) {
  v("keys", m.keys, limits::keys_reported_max);
  v("left_out", m.left_out);
}

void fields(auto& v, Is<AgentProgram> auto& m) {
  v("arch", m.arch, limits::name_bytes_max);
  v("size", m.size);
  v("sha256", m.sha256);
}

template <>
inline constexpr std::string_view type_of<AgentPrograms> = "agent_programs";
void fields(auto& v, Is<AgentPrograms> auto& m) {
  v("http", m.http);
  v("programs", m.programs, limits::agent_programs_max);
}

}  // namespace pq::wire
