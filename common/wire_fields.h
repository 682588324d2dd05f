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

void fields(auto& v, Is<PaceView> auto& m) {
  v("job", m.job);
  v("fixed_s", m.fixed_s);
  v("per_integer_s", m.per_integer_s);
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
}

void fields(auto& v, Is<JobOrder> auto& m) {
  v("job", m.job);
  v("kernel", m.kernel);
  v("fold", m.fold);
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
}

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
}

template <>
inline constexpr std::string_view type_of<JobsReport> = "jobs";
void fields(auto& v, Is<JobsReport> auto& m) {
  v("jobs", m.jobs, limits::jobs_reported_max);
  v("left_out", m.left_out);
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
}

template <>
inline constexpr std::string_view type_of<AgentsReport> = "agents";
void fields(auto& v, Is<AgentsReport> auto& m) {
  v("agents", m.agents, limits::agents_reported_max);
  v("left_out", m.left_out);
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
void fields(auto& /*no fields*/, Is<Authorized> auto& /*m*/) {}

}  // namespace pq::wire
