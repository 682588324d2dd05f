// The one description of every message and report: its fields, each named once. Keys are part of the
// protocol: add some, never change one. A field that is added later has a usual value or is optional, so that
// older peers need not say it.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "common/protocol/field.h"
#include "common/protocol/limits.h"
#include "common/protocol/messages.h"
#include "common/values/limits.h"

namespace pq {

// ---------------------------------------------------------------- parts of many messages

template <>
inline constexpr std::string_view part_name<Label> = "label";
void fields(auto& v, Is<Label> auto& m) {
  v(Field("key").at_most(limits::name_bytes_max), m.key);
  v(Field("value"), m.value);
}

template <>
inline constexpr std::string_view part_name<FileRef> = "file";
void fields(auto& v, Is<FileRef> auto& m) {
  v(Field("name", "Where it is in the program's working directory.").at_most(limits::name_bytes_max), m.name);
  v(Field("hash", "SHA-256 of its content.").in_json("sha256"), m.hash);
  v(Field("bytes", "Its size."), m.bytes);
  v(Field("kind", "The bytes of a directory are a tar of what is in it."), m.kind);
}

template <>
inline constexpr std::string_view part_name<Setting> = "setting";
void fields(auto& v, Is<Setting> auto& m) {
  v(Field("name").at_most(limits::program_bytes_max), m.name);
  v(Field("value").at_most(limits::program_bytes_max), m.value);
  v(Field("hidden",
          "The value is for operators and the job's submitter: not for other viewers, and not for HTTP."),
    m.is_hidden, false);
}

template <>
inline constexpr std::string_view part_name<Program> = "program";
void fields(auto& v, Is<Program> auto& m) {
  v(Field("words", "The command, without a shell. `{lo}`, `{hi}` and `{item}` in it are replaced.")
        .at_most(limits::words_max)
        .each_at_most(limits::program_bytes_max),
    m.words);
  v.derived(Field("command", "The same as one would type it."), [&] { return command_text(m); });
  v(Field("streams", "It is started once a slot, reads `lo hi` lines and answers each with a line.")
        .in_json("stream"),
    m.streams);
  v(Field("run_width",
          "Integers a run, counted from the begin of the job's range; 0: as many as take about a second.")
        .in_json("step")
        .shown(Shown::as_decimal),
    m.run_width);
  v(Field("timeout_ms", "A run is ended after it; 0: never."), m.timeout_ms);
  v(Field("memory_bytes", "Each process of a run may use so many; 0: no limit.").shown(Shown::as_decimal),
    m.memory_bytes);
  v(Field("collects", "All that it prints is kept, in the order of the range.").in_json("collect"),
    m.collects);
  v(Field("env", "Set in its environment; with the words, 16 KiB in all. JSON has null for a hidden value.")
        .at_most(limits::env_max),
    m.env);
  v(Field("secrets",
          "Files of mode 0600 in the directory that PQ_SECRETS names; they count as the words do. No report "
          "has their "
          "values, and JSON has null for each.")
        .at_most(limits::env_max),
    m.secrets, {});
  v(Field("files", "They are in its working directory.").at_most(limits::files_max), m.files);
  v(Field("items",
          "A list with one item a line: integer 1 of the range is the first line. Then `run_width` is 1."),
    m.items);
  v(Field("express", "Its runs are short and need not wait for slots."), m.express, false);
}

template <>
inline constexpr std::string_view part_name<Notice> = "notice";
void fields(auto& v, Is<Notice> auto& m) {
  v(Field("kind",
          "interruption: the machine ends; rebalance: it may end, so nothing new is begun on it; passed: it "
          "was "
          "to have ended by now, and lives."),
    m.kind);
  v(Field("text", "Who says what, such as `EC2 Spot: terminate`."), m.text);
  v(Field("ends_unix_ms", "When the machine ends, if its cloud said so."), m.ends_unix_ms);
}

// ---------------------------------------------------------------- agent → head

template <>
inline constexpr std::string_view message_type<Hello> = "hello";
void fields(auto& v, Is<Hello> auto& m) {
  v(Field("name",
          "With the key, who the agent is; unique in the fleet, and the same after a restart if possible.")
        .at_most(limits::name_bytes_max),
    m.name);
  v(Field("incarnation", "Drawn at random once per process."), m.incarnation);
  v(Field("version", "Of the program, for people."), m.program_version);
  v(Field("slots", "Steps computed at once; the head counts at most 1024."), m.slots);
  v(Field("kernels", "Those it can compute; it is given no others.").at_most(limits::kernels_max), m.kernels);
  v(Field("labels", "Facts of the machine (arch, os, host, cpus), and what its owner calls it.")
        .at_most(limits::labels_max),
    m.labels);
}

// Fewer bytes of a program's last words beside a value that is long itself, so that every beat fits into a
// message.
inline std::size_t error_bytes_max_beside(const std::optional<Value>& value) {
  const auto* const sum = value ? std::get_if<ExactSum>(&*value) : nullptr;
  return sum != nullptr && sum->bytes().size() > limits::sum_bytes_usual ? limits::error_bytes_max_beside_sum
                                                                         : limits::error_bytes_max;
}

template <>
inline constexpr std::string_view part_name<LeaseView> = "lease view";
void fields(auto& v, Is<LeaseView> auto& m) {
  v(Field("lease"), m.lease);
  v(Field("begin", "The begin of the granted range; it never changes."), m.begin);
  v(Field("upto", "`[begin, upto)` is computed."), m.upto);
  v(Field("end",
          "The agent goes no further: the granted end, or lower. Never raised again, never below `upto`."),
    m.end);
  v(Field(
        "value",
        "Of `[begin, upto)`, all in all. Left out while `upto` is `begin`, and always with the fold `none`."),
    m.value);
  v(Field("failed_upto",
          "The program failed on `[upto, failed_upto)`; the agent goes no further in this lease."),
    m.failed_upto);
  v(Field("error",
          "Its last words, such as `exit status 3: no such host`; not checked to be UTF-8. At most 128 bytes "
          "beside an exact sum of more than 128 bytes.")
        .at_most(error_bytes_max_beside(m.value)),
    m.error);
  v(Field("cannot_start", "The program could not even be started here, so the error is no word of its."),
    m.cannot_start, false);
  v(Field("step_end", "The end of what a slot computes of it now, from `upto` on; left out while none does."),
    m.step_end);
  v(Field("express", "It is computed on an express place: what its order said when it was granted."),
    m.express, false);
}

template <>
inline constexpr std::string_view part_name<PaceView> = "pace";
void fields(auto& v, Is<PaceView> auto& m) {
  v(Field("job"), m.job);
  v(Field("fixed_s", "A step over w integers takes one slot about `fixed_s + per_integer_s · w` seconds."),
    m.fixed_s);
  v(Field("per_integer_s"), m.per_integer_s);
}

template <>
inline constexpr std::string_view message_type<Beat> = "beat";
void fields(auto& v, Is<Beat> auto& m) {
  v(Field("name", "As in `hello`.").at_most(limits::name_bytes_max), m.name);
  v(Field("incarnation", "As in `hello`."), m.incarnation);
  v(Field("seq",
          "1, 2, 3 … within the incarnation. One that is not higher than the last one is ignored, without an "
          "answer."),
    m.seq);
  v(Field("epoch", "Of the latest orders seen; 0 before the first."), m.epoch);
  v(Field("orders_seen", "The `number` of the latest orders seen; 0 before the first."), m.orders_seen);
  v(Field("leases", "**Every** lease held.").at_most(limits::leases_per_agent_max), m.leases);
  v(Field("paces", "What was measured of the latest jobs.").at_most(limits::leases_per_agent_max), m.paces);
  v(Field("draining", "It takes no new leases; it may do so again later."), m.draining);
  v(Field("notice", "What its cloud says at present of the machine's end."), m.notice);
  v(Field("notice_errors",
          "Questions to its cloud's metadata service that had no proper answer, in its life."),
    m.notice_errors, std::uint64_t{0});
  v(Field("express", "It has express places beside its slots (rule 24)."), m.express, false);
}

template <>
inline constexpr std::string_view message_type<Goodbye> = "goodbye";
void fields(auto& v, Is<Goodbye> auto& m) {
  v(Field("name", "As in `hello`.").at_most(limits::name_bytes_max), m.name);
  v(Field("incarnation", "As in `hello`."), m.incarnation);
}

template <>
inline constexpr std::string_view part_name<LogPart> = "log part";
void fields(auto& v, Is<LogPart> auto& m) {
  v(Field("job"), m.job);
  v(Field("lease"), m.lease);
  v(Field("run"), m.run);
  v(Field("attempt", "1, 2, 3 …: `attempts_failed` of the lease, and one."), m.attempt);
  v(Field("stream", "pq: what the agent itself says of the run."), m.stream);
  v(Field("failed",
          "The run has failed. The last part of a failed run, and no other, has it: of stream `pq`, with the "
          "words of the failure."),
    m.failed);
  v(Field("text").at_most(limits::log_part_bytes_max), m.text);
}

template <>
inline constexpr std::string_view part_name<OutputPart> = "output part";
void fields(auto& v, Is<OutputPart> auto& m) {
  v(Field("job"), m.job);
  v(Field("lease"), m.lease);
  v(Field("run"), m.run);
  v(Field("offset", "Of this text in all that the run printed."), m.offset);
  v(Field(
        "last",
        "Nothing of this run follows. A run that printed nothing has one part, which is empty and the last."),
    m.last);
  v(Field("text").at_most(limits::output_part_bytes_max), m.text);
}

template <>
inline constexpr std::string_view message_type<Output> = "output";
void fields(auto& v, Is<Output> auto& m) {
  v(Field("name", "As in `hello`.").at_most(limits::name_bytes_max), m.name);
  v(Field("incarnation", "As in `hello`."), m.incarnation);
  v(Field("seq", "1, 2, 3 … within the incarnation; not that of beats."), m.seq);
  v(Field("logs", "For `pq-logs`.").at_most(limits::outputs_per_message), m.logs);
  v(Field("outputs", "Of programs that collect, for `pq-output`.").at_most(limits::outputs_per_message),
    m.outputs);
}

template <>
inline constexpr std::string_view message_type<WantFile> = "want_file";
void fields(auto& v, Is<WantFile> auto& m) {
  v(Field("name", "As in `hello`.").at_most(limits::name_bytes_max), m.name);
  v(Field("incarnation", "As in `hello`."), m.incarnation);
  v(Field("hash", "Of a file that a job needs."), m.hash);
  v(Field("offset", "The part that begins there is wanted."), m.offset);
}

// ---------------------------------------------------------------- head → agent

template <>
inline constexpr std::string_view message_type<Welcome> = "welcome";
void fields(auto& v, Is<Welcome> auto& m) {
  v(Field("incarnation",
          "That of the hello. One with another incarnation is for a former process: ignore it."),
    m.incarnation);
}

template <>
inline constexpr std::string_view part_name<LeaseOrder> = "lease order";
void fields(auto& v, Is<LeaseOrder> auto& m) {
  v(Field("lease"), m.lease);
  v(Field("job"), m.job);
  v(Field("range",
          "From the granted begin to the end that the head counts on: the granted one, or the lower one that "
          "the agent has declared."),
    m.range);
  v(Field("end_asked", "The agent is asked to end there (rule 7)."), m.end_asked);
  v(Field("attempts_failed", "How often a program has failed on this part before."), m.attempts_failed, 0U);
  v(Field("copy",
          "Another agent holds the same part and is stuck. It is a lease as any other, and counts once "
          "`upto` is "
          "its end, or it has failed."),
    m.copy, false);
  v(Field("express", "It is of an express place, and of no slot."), m.express, false);
}

template <>
inline constexpr std::string_view part_name<JobOrder> = "job order";
void fields(auto& v, Is<JobOrder> auto& m) {
  v(Field("job"), m.job);
  v(Field("kernel"), m.kernel);
  v(Field("fold"), m.fold);
  v(Field("begin", "Of the job's whole range: runs of a fixed width are counted from there."), m.begin,
    std::uint64_t{0});
  v(Field("cpus", "Slots that one step of it holds."), m.cpus, 1U);
  v(Field("program", "With the kernel `exec`, and only then."), m.program);
}

template <>
inline constexpr std::string_view message_type<Orders> = "orders";
void fields(auto& v, Is<Orders> auto& m) {
  v(Field("epoch", "Drawn at random by each start of the head."), m.epoch);
  v(Field("number", "Counts up per agent within an epoch."), m.number);
  v(Field("beat_ms", "How often to beat from now on."), m.beat_ms);
  v(Field("leases", "**Every** live lease of this agent.").at_most(limits::leases_per_agent_max), m.leases);
  v(Field("jobs", "Of the leases that are granted in orders not yet seen.")
        .at_most(limits::leases_per_agent_max),
    m.jobs);
  v(Field("drain", "An operator wants this agent to end."), m.drain);
  v(Field("hold_output",
          "The head's disk is short of space: keep what programs print until orders come without this. "
          "`output` "
          "that is sent all the same is not answered before."),
    m.hold_output, false);
}

template <>
inline constexpr std::string_view message_type<OutputStored> = "output_stored";
void fields(auto& v, Is<OutputStored> auto& m) {
  v(Field("incarnation", "Of the output that is stored, or was before."), m.incarnation);
  v(Field("seq", "Of the same."), m.seq);
}

template <>
inline constexpr std::string_view message_type<FilePart> = "file_part";
void fields(auto& v, Is<FilePart> auto& m) {
  v(Field("hash", "As asked."), m.hash);
  v(Field("offset", "As asked."), m.offset);
  v(Field("size", "Of the whole file."), m.size);
  v(Field("part", "What is at `offset`; empty at an offset below `size`: the head has no such file any more.")
        .at_most(limits::file_part_bytes_max),
    m.part);
}

template <>
inline constexpr std::string_view message_type<Refusal> = "refusal";
void fields(auto& v, Is<Refusal> auto& m) {
  v(Field("word", "One of the words below."), m.word);
  v(Field("detail", "What, and which value; for people."), m.detail);
}

// ---------------------------------------------------------------- client → head

template <>
inline constexpr std::string_view part_name<JobSpec> = "spec";
template <>
inline constexpr SchemaName schema_of<JobSpec> = {"pq.submission/1", "What would be submitted."};
void fields(auto& v, Is<JobSpec> auto& m) {
  v(Field("name", "May be empty.").at_most(limits::name_bytes_max), m.name);
  v(Field("kernel", "What is computed over the range."), m.kernel);
  v(Field("fold", "How the values of spans join."), m.fold);
  v(Field("range").shown(Shown::flat), m.range);
  v.derived(Field("width", "end - begin.").shown(Shown::as_decimal), [&] { return m.range.width(); });
  v(Field("priority", "Higher runs first."), m.priority);
  v(Field("cpus", "Slots of one agent that a step holds.").at_least(1), m.cpus, 1U);
  v(Field("require", "An agent must have these labels.").at_most(limits::labels_max), m.require, {});
  v(Field("program", "With the kernel `exec`, and only then."), m.program);
  v(Field("attempts_max", "Tries of a single integer before it is given up (0 counts as 1)."),
    m.attempts_max);
  v(Field("failures_max", "Failed attempts beyond which the whole job is given up."), m.failures_max);
  v(Field("crash_limit",
          "Agents that may be lost with the same run in hand, before that is given up; 0: any number."),
    m.crash_limit, limits::crash_limit_usual);
}

template <>
inline constexpr std::string_view message_type<Submit> = "submit";
void fields(auto& v, Is<Submit> auto& m) {
  v(Field("id"), m.id);
  v(Field("spec"), m.spec);
}

template <>
inline constexpr std::string_view message_type<AskJob> = "ask_job";
void fields(auto& v, Is<AskJob> auto& m) { v(Field("job"), m.job); }

template <>
inline constexpr std::string_view message_type<AskJobs> = "ask_jobs";
void fields(auto& v, Is<AskJobs> auto& m) {
  v(Field("mine", "Only those that were submitted under the name of the key that asks."), m.mine, false);
}

template <>
inline constexpr std::string_view message_type<AskJobIds> = "ask_job_ids";
void fields(auto& v, Is<AskJobIds> auto& m) {
  v(Field("which"), m.which);
  v(Field("first", "Only those with numbers from here …"), m.first);
  v(Field("last", "… to here, this one included."), m.last);
  v(Field("ended_for_ms", "Only those that ended at least so long ago, by the head's clock."),
    m.ended_for_ms);
  v(Field("mine", "Only those that were submitted under the name of the key that asks."), m.mine, false);
}

template <>
inline constexpr std::string_view message_type<AskEach> = "ask_each";
void fields(auto& v, Is<AskEach> auto& m) { v(Field("jobs").at_most(limits::jobs_named_max), m.jobs); }

template <>
inline constexpr std::string_view message_type<Wait> = "wait";
void fields(auto& v, Is<Wait> auto& m) {
  v(Field("job"), m.job);
  v(Field("patience_ms", "An hour at most."), m.patience_ms);
  v(Field("submission",
          "The `id` that is meant: if the number is another submission's by now, it is `no_such_job`."),
    m.submission);
}

template <>
inline constexpr std::string_view message_type<Steer> = "steer";
void fields(auto& v, Is<Steer> auto& m) {
  v(Field("job"), m.job);
  v(Field("what"), m.what);
}

template <>
inline constexpr std::string_view message_type<Reprioritize> = "reprioritize";
void fields(auto& v, Is<Reprioritize> auto& m) {
  v(Field("job"), m.job);
  v(Field("priority"), m.priority);
}

template <>
inline constexpr std::string_view message_type<SteerEach> = "steer_each";
void fields(auto& v, Is<SteerEach> auto& m) {
  v(Field("jobs").at_most(limits::jobs_named_max), m.jobs);
  v(Field("what"), m.what);
}

template <>
inline constexpr std::string_view message_type<ReprioritizeEach> = "reprioritize_each";
void fields(auto& v, Is<ReprioritizeEach> auto& m) {
  v(Field("jobs").at_most(limits::jobs_named_max), m.jobs);
  v(Field("priority"), m.priority);
}

template <>
inline constexpr std::string_view message_type<AskAgents> = "ask_agents";
void fields(auto& /*no fields*/, Is<AskAgents> auto& /*m*/) {}

template <>
inline constexpr std::string_view message_type<DrainAgent> = "drain_agent";
void fields(auto& v, Is<DrainAgent> auto& m) { v(Field("name").at_most(limits::name_bytes_max), m.name); }

template <>
inline constexpr std::string_view message_type<PutFile> = "put_file";
void fields(auto& v, Is<PutFile> auto& m) {
  v(Field("hash"), m.hash);
  v(Field("size", "Of the whole file."), m.size);
  v(Field("offset"), m.offset);
  v(Field("part").at_most(limits::file_part_bytes_max), m.part);
}

template <>
inline constexpr std::string_view message_type<AskLogs> = "ask_logs";
void fields(auto& v, Is<AskLogs> auto& m) {
  v(Field("job"), m.job);
  v(Field("after", "Only entries with a higher number."), m.after);
  v(Field("failed", "Only of runs that failed."), m.failed);
  v(Field("around", "Only of runs over a range with this integer in it."), m.around);
}

template <>
inline constexpr std::string_view message_type<AskOutput> = "ask_output";
void fields(auto& v, Is<AskOutput> auto& m) {
  v(Field("job"), m.job);
  v(Field("begin", "From this run on …"), m.begin);
  v(Field("offset", "… and from this offset of its text."), m.offset);
}

template <>
inline constexpr std::string_view message_type<AskEvents> = "ask_events";
void fields(auto& v, Is<AskEvents> auto& m) {
  v(Field("after", "Only those with a higher number."), m.after);
  v(Field("of_job", "Only of this job."), m.job);
}

template <>
inline constexpr std::string_view message_type<AskExplanation> = "ask_explanation";
void fields(auto& v, Is<AskExplanation> auto& m) { v(Field("job"), m.job); }

template <>
inline constexpr std::string_view message_type<Verify> = "verify";
void fields(auto& v, Is<Verify> auto& m) { v(Field("job"), m.job); }

template <>
inline constexpr std::string_view message_type<AskProvenance> = "ask_provenance";
void fields(auto& v, Is<AskProvenance> auto& m) {
  v(Field("job"), m.job);
  v(Field("begin", "From the part on that begins here or later."), m.begin);
}

template <>
inline constexpr std::string_view message_type<Recompute> = "recompute";
void fields(auto& v, Is<Recompute> auto& m) {
  v(Field("job"), m.job);
  v(Field("agent",
          "What counts under this name, whatever its key, is discarded with what is collected of it, and "
          "computed again. An empty name is nobody's.")
        .at_most(limits::name_bytes_max),
    m.agent);
  v(Field("unknown", "So is that of which it is not known who computed it."), m.unknown, false);
}

template <>
inline constexpr std::string_view message_type<BackUp> = "back_up";
void fields(auto& v, Is<BackUp> auto& m) {
  v(Field("id"), m.id);
  v(Field("name").at_most(limits::name_bytes_max), m.name);
  v(Field("keep", "Of the backups without a name of their own only the newest so many, at least 1."), m.keep);
}

template <>
inline constexpr std::string_view message_type<Authorize> = "authorize";
void fields(auto& v, Is<Authorize> auto& m) {
  v(Field("role"), m.role);
  v(Field("public_key", "Z85, 40 characters."), m.public_key);
  v(Field("name", "One word.").at_most(limits::name_bytes_max), m.name);
  v(Field("lasts_ms", "Left out: it does not expire."), m.lasts_ms);
}

template <>
inline constexpr std::string_view message_type<AskKeys> = "ask_keys";
void fields(auto& /*no fields*/, Is<AskKeys> auto& /*m*/) {}

template <>
inline constexpr std::string_view message_type<RevokeKey> = "revoke_key";
void fields(auto& v, Is<RevokeKey> auto& m) {
  v(Field("name", "A key's name, or the public key itself.").at_most(limits::name_bytes_max), m.name);
}

template <>
inline constexpr std::string_view message_type<AskAgentPrograms> = "ask_agent_programs";
void fields(auto& /*no fields*/, Is<AskAgentPrograms> auto& /*m*/) {}

// ---------------------------------------------------------------- head → client

template <>
inline constexpr std::string_view message_type<Submitted> = "submitted";
void fields(auto& v, Is<Submitted> auto& m) {
  v(Field("job"), m.job);
  v(Field("repeated", "This `id` was submitted before."), m.repeated);
}

template <>
inline constexpr std::string_view part_name<LeaseCounts> = "lease counts";
void fields(auto& v, Is<LeaseCounts> auto& m) {
  v(Field("granted", "All of them."), m.granted);
  v(Field("expired",
          "Their holders fell silent, were replaced, or were stuck and another had the whole first."),
    m.expired);
  v(Field("yielded", "They ended lower than granted."), m.yielded);
}

template <>
inline constexpr std::string_view part_name<FailedSpan> = "failed span";
void fields(auto& v, Is<FailedSpan> auto& m) {
  v(Field("range").shown(Shown::flat), m.range);
  v(Field("attempts", "Tries."), m.attempts);
  v(Field("error", "The program's last words.").at_most(limits::error_bytes_max), m.error);
  v(Field("losses", "Agents that were lost while they computed it."), m.losses, 0U);
}

template <>
inline constexpr std::string_view part_name<StuckStep> = "stuck step";
void fields(auto& v, Is<StuckStep> auto& m) {
  v(Field("range", "What is computed, as far as is known.").shown(Shown::flat), m.range);
  v(Field("agent", "Who computes it.").at_most(limits::name_bytes_max), m.agent);
  v(Field("ms", "For so long.").shown(Shown::never), m.ms);
  v.derived(Field("seconds", "For so long."), [&] { return static_cast<double>(m.ms) / 1000; });
}

template <>
inline constexpr std::string_view message_type<JobReport> = "job";
template <>
inline constexpr std::string_view part_name<JobReport> = "job report";
template <>
inline constexpr SchemaName schema_of<JobReport> = {"pq.job/1", "A job as it is now."};
void fields(auto& v, Is<JobReport> auto& m) {
  v(Field("job", "Its number.").in_json("id"), m.job);
  v(Field("spec").shown(Shown::flat), m.spec);
  v(Field("state", "done, failed and cancelled are for ever; only `retry` opens a failed job again."),
    m.state);
  v(Field("done", "Integers that are counted in the value; the committed parts of leases are.")
        .shown(Shown::as_decimal),
    m.done);
  v(Field("failed", "Integers that were given up.").shown(Shown::as_decimal), m.failed);
  v(Field(
        "value",
        "The fold so far, an integer or a float: exact sums are rounded. The total when the state is `done`, "
        "and only then: of a failed or cancelled job it is that of a part. Absent before the first commit, "
        "with the fold `none`, and where it does not fit."),
    m.value);
  v(Field("leases", "How its leases fared."), m.leases);
  v(Field("recomputed",
          "Integers that an agent reports to have computed and that were not taken, as far as the head can "
          "know.")
        .shown(Shown::as_decimal),
    m.recomputed);
  v(Field("attempts_failed", "Failed runs of its program."), m.attempts_failed);
  v(Field("slots_busy", "That compute it now; 0 once it has ended."), m.slots_busy);
  v(Field("rate_per_s", "Integers a second, of its present leases; 0 once it has ended."), m.rate_per_s);
  v(Field("created_unix_ms", "When it was submitted, for people."), m.created_unix_ms);
  v(Field("started_unix_ms", "When its first lease was granted."), m.started_unix_ms);
  v(Field("finished_unix_ms", "When it ended."), m.finished_unix_ms);
  v(Field("error", "Why it failed, or the last words of the last failed attempt.")
        .at_most(limits::text_bytes_max + limits::error_bytes_max),
    m.error);
  v(Field("unplaced", "Why no agent can take what is free of it, and what to do.")
        .at_most(limits::text_bytes_max + limits::error_bytes_max),
    m.unplaced);
  v(Field("failed_spans", "The first parts that were given up; none in a list of jobs.")
        .at_most(limits::failed_spans_told),
    m.failed_spans, {});
  v(Field("rate_spread_per_s", "By how much the rate may be wrong, as it has wavered so far; 0: not known.")
        .shown(Shown::never),
    m.rate_spread_per_s, 0.0);
  v(Field("stuck",
          "The longest step that is under way far beyond its usual time. It counts nothing in `rate_per_s`, "
          "and "
          "the time left is not known."),
    m.stuck);
  v(Field("express", "Leases of it that are on express places now; they are not in `slots_busy`."), m.express,
    0U);
  v(Field("discarded", "Integers that were done, and whose values were taken back to be computed again.")
        .shown(Shown::as_decimal),
    m.discarded, std::uint64_t{0});
  v(Field("logs_forgotten", "They were erased, because somebody asked or they were old."), m.logs_forgotten,
    false);
  v(Field("output_forgotten", "What was collected of it was erased likewise."), m.output_forgotten, false);
  v(Field("submitter", "The name of the key that submitted it; empty: not known.")
        .at_most(limits::name_bytes_max),
    m.submitter, std::string());
}

template <>
inline constexpr std::string_view message_type<JobsReport> = "jobs";
template <>
inline constexpr SchemaName schema_of<JobsReport> = {
    "pq.jobs/1", "Jobs by number: those that have not ended and the newest others, or those of a selection."};
void fields(auto& v, Is<JobsReport> auto& m) {
  v(Field("jobs", "By number, without their failed spans.").at_most(limits::jobs_reported_max), m.jobs);
  v(Field("left_out", "How many are not listed: older ones that have ended, and `live_left_out`."),
    m.left_out);
  v(Field("live_left_out",
          "How many of these have not ended. Those that are listed come first; a client's list leaves "
          "none out. A head of 0.1.0 does not say it, and lists the newest jobs in whatever state.")
        .shown(Shown::never),
    m.live_left_out);
  v.derived(Field("live_left_out", "How many of these have not ended."),
            [&] { return m.live_left_out.value_or(0); });
  v(Field("only_of",
          "Whose jobs these are, if `mine` was asked. An older head lists everybody's, and does not say it.")
        .at_most(limits::name_bytes_max)
        .shown(Shown::never),
    m.only_of);
}

template <>
inline constexpr std::string_view message_type<JobIds> = "job_ids";
void fields(auto& v, Is<JobIds> auto& m) {
  v(Field("ids", "By number.").at_most(limits::job_ids_told), m.ids);
  v(Field("more", "There are, with higher numbers; ask with `first` behind the last one."), m.more);
}

template <>
inline constexpr std::string_view part_name<RefusedJob> = "refused job";
void fields(auto& v, Is<RefusedJob> auto& m) {
  v(Field("job"), m.job);
  v(Field("word", "Of the refusal."), m.refusal.word);
  v(Field("detail", "Of the refusal."), m.refusal.detail);
}

template <>
inline constexpr std::string_view message_type<EachJob> = "each_job";
void fields(auto& v, Is<EachJob> auto& m) {
  v(Field("reports", "In the order of the question.").at_most(limits::jobs_named_max), m.reports);
  v(Field("refused", "Likewise.").at_most(limits::jobs_named_max), m.refused);
}

template <>
inline constexpr std::string_view part_name<LeaseHeld> = "lease held";
void fields(auto& v, Is<LeaseHeld> auto& m) {
  v(Field("job", "Its job."), m.job);
  v(Field("granted_unix_ms", "When; not known of one from before the head's last start."), m.granted_unix_ms);
  v(Field("express", "It is computed beside the slots, on an express place."), m.express, false);
}

template <>
inline constexpr std::string_view part_name<AgentReport> = "agent report";
void fields(auto& v, Is<AgentReport> auto& m) {
  v(Field("name", "Its machine's id, or what it was called.").at_most(limits::name_bytes_max), m.name);
  v(Field("state",
          "active: heard from within three beats; quarantined: programs fail there that succeed elsewhere, "
          "or it "
          "has said what cannot be, so it is given none; draining: it takes no new work; silent: its leases "
          "may "
          "still be live; gone: none are, and it is listed for an hour."),
    m.state);
  v(Field("slots", "Units of parallel work."), m.slots);
  v(Field("busy", "Of these, in use."), m.busy);
  v(Field("rate_per_s", "Integers a second, of its present leases."), m.rate_per_s);
  v(Field("version", "Of its program."), m.program_version);
  v(Field("heard_ms_ago", "Milliseconds since its last message."), m.heard_ms_ago);
  v(Field("kernels", "Those it computes.").at_most(limits::kernels_max), m.kernels);
  v(Field("labels", "Facts of its machine, and what its owner calls it.").at_most(limits::labels_max),
    m.labels);
  v(Field("notice", "What its cloud says of the machine's end."), m.notice);
  v(Field("notice_errors", "Questions to its cloud that had no proper answer."), m.notice_errors,
    std::uint64_t{0});
  v(Field("beats_missed", "Since it was last heard."), m.beats_missed, 0U);
  v(Field("leases", "Those it holds, the oldest first.").at_most(limits::leases_told), m.leases, {});
  v(Field("express", "It has express places beside its slots."), m.express, false);
}

template <>
inline constexpr std::string_view message_type<AgentsReport> = "agents";
template <>
inline constexpr SchemaName schema_of<AgentsReport> = {"pq.agents/1",
                                                       "The agents, by name; those that are gone last."};
void fields(auto& v, Is<AgentsReport> auto& m) {
  v(Field("agents", "By name; those that are gone last.").at_most(limits::agents_reported_max), m.agents);
  v(Field("left_out", "Others that are not listed."), m.left_out);
}

template <>
inline constexpr std::string_view message_type<FileStored> = "file_stored";
void fields(auto& v, Is<FileStored> auto& m) {
  v(Field("hash"), m.hash);
  v(Field("upto", "What the head has of it."), m.upto);
}

template <>
inline constexpr std::string_view part_name<LogEntry> = "log entry";
void fields(auto& v, Is<LogEntry> auto& m) {
  v(Field("number", "Counts up within the job."), m.number);
  v(Field("unix_ms", "When it was stored."), m.unix_ms);
  v(Field("agent", "Where it ran.").at_most(limits::name_bytes_max), m.agent);
  v(Field("run").shown(Shown::flat), m.run);
  v(Field("attempt", "Of this part of the range: 1, 2, 3 …").at_least(1), m.attempt);
  v(Field("stream", "pq: what the agent says of the run."), m.stream);
  v(Field("failed", "The run has failed, and this is its last part."), m.failed);
  v(Field("text", "JSON replaces what is not UTF-8.").at_most(limits::log_part_bytes_max), m.text);
}

template <>
inline constexpr std::string_view message_type<Logs> = "logs";
void fields(auto& v, Is<Logs> auto& m) {
  v(Field("entries", "By number.").at_most(limits::logs_answered_max), m.entries);
  v(Field("next", "To ask `after`."), m.next);
  v(Field("more", "There are already."), m.more);
  v(Field("state", "Of the job."), m.state);
}

template <>
inline constexpr std::string_view part_name<EventEntry> = "event";
template <>
inline constexpr SchemaName schema_of<EventEntry> = {"pq.event/1", "Something that happened."};
void fields(auto& v, Is<EventEntry> auto& m) {
  v(Field("number", "Counts up.").shown(Shown::as_decimal), m.number);
  v(Field("unix_ms", "When."), m.unix_ms);
  v(Field("what", "For programs: `agent_joined`, …; more come with newer heads.")
        .at_most(limits::name_bytes_max),
    m.what);
  v(Field("severity", "How much it matters."), m.severity);
  v(Field("job", "Of this job."), m.job);
  v(Field("agent", "Of this agent.").at_most(limits::name_bytes_max), m.agent);
  v(Field("text", "The same as `what`, for people."), m.text);
  v(Field("detail", "Which, and why; may be empty.").at_most(limits::event_detail_bytes_max), m.detail);
}

template <>
inline constexpr std::string_view message_type<EventsReport> = "events";
template <>
inline constexpr SchemaName schema_of<EventsReport> = {
    "pq.events/1", "The newest events of those that were asked for, by number."};
void fields(auto& v, Is<EventsReport> auto& m) {
  v(Field("events", "The newest ones, by number.").at_most(limits::events_told), m.events);
  v(Field("left_out", "Older ones."), m.left_out);
}

template <>
inline constexpr std::string_view part_name<Reason> = "reason";
void fields(auto& v, Is<Reason> auto& m) {
  v(Field("word", "For programs; more come with newer heads.").at_most(limits::name_bytes_max), m.word);
  v(Field("text", "A sentence.").at_most(limits::reason_bytes_max), m.text);
  v(Field("advice", "What to do about it, if there is something.").at_most(limits::reason_bytes_max),
    m.advice);
}

template <>
inline constexpr std::string_view message_type<Explanation> = "explanation";
template <>
inline constexpr SchemaName schema_of<Explanation> = {
    "pq.explanation/1", "Why a job is not running, slow or late; or that nothing holds it up."};
void fields(auto& v, Is<Explanation> auto& m) {
  v(Field("job", "Its number."), m.job);
  v(Field("state", "Of the job."), m.state);
  v(Field("reasons", "The weightiest first.").at_least(1).at_most(limits::reasons_max), m.reasons);
}

template <>
inline constexpr std::string_view part_name<OutputEntry> = "output entry";
void fields(auto& v, Is<OutputEntry> auto& m) {
  v(Field("run").shown(Shown::flat), m.run);
  v(Field("offset", "Of the text in the run's output.").shown(Shown::as_decimal), m.offset);
  v(Field("text", "JSON replaces what is not UTF-8.").at_most(limits::output_part_bytes_max), m.text);
}

template <>
inline constexpr std::string_view message_type<OutputPage> = "output_page";
void fields(auto& v, Is<OutputPage> auto& m) {
  v(Field("entries", "In the order of the range; none may be here, and more after them.")
        .at_most(limits::outputs_per_message),
    m.entries);
  v(Field("more"), m.more);
  v(Field("next_begin", "To ask for more."), m.next_begin);
  v(Field("next_offset", "To ask for more."), m.next_offset);
}

template <>
inline constexpr std::string_view part_name<PartReport> = "part";
void fields(auto& v, Is<PartReport> auto& m) {
  v(Field("range").shown(Shown::flat), m.range);
  v(Field("computed_by",
          "The names of those who may have computed it, one unless parts were joined; empty: that is not "
          "known.")
        .at_most(limits::part_workers_max)
        .each_at_most(limits::name_bytes_max)
        .in_json("agents"),
    m.agents);
  v(Field("value", "Of this part alone; none with the fold `none`."), m.value);
  v(Field("lease", "Absent where it was joined of several, or is older than pq keeps this."), m.lease);
  v(Field("output_bytes", "Collected of it.").shown(Shown::as_decimal), m.output_bytes, std::uint64_t{0});
}

template <>
inline constexpr std::string_view message_type<ProvenancePage> = "provenance";
void fields(auto& v, Is<ProvenancePage> auto& m) {
  v(Field("job"), m.job);
  v(Field("parts", "In the order of the range.").at_most(limits::parts_told), m.parts);
  v(Field("more", "There are more parts."), m.more);
  v(Field("next_begin", "To ask for more."), m.next_begin);
}

template <>
inline constexpr std::string_view message_type<Recomputed> = "recomputed";
template <>
inline constexpr SchemaName schema_of<Recomputed> = {"pq.recompute/1", "What pq-recompute has discarded."};
void fields(auto& v, Is<Recomputed> auto& m) {
  v(Field("parts_discarded", "How many parts that were done are free again.").in_json("parts"), m.parts);
  v(Field("integers_discarded", "In them, and in leases that were running.")
        .in_json("integers")
        .shown(Shown::as_decimal),
    m.integers);
  v(Field("agent_takes_work", "The agent is there and may be given some of this again."), m.agent_takes_work);
  v(Field("job", "As it is now."), m.job);
}

template <>
inline constexpr std::string_view part_name<Finding> = "finding";
void fields(auto& v, Is<Finding> auto& m) {
  v(Field("invariant", "Its name."), m.invariant);
  v(Field("holds", "Whether it holds."), m.holds);
  v(Field("detail", "What was found.").at_most(limits::text_bytes_max + limits::error_bytes_max), m.detail);
}

template <>
inline constexpr std::string_view message_type<Verification> = "verification";
template <>
inline constexpr SchemaName schema_of<Verification> = {"pq.verification/1",
                                                       "What pq-verify has found out about a job."};
void fields(auto& v, Is<Verification> auto& m) {
  v(Field("job", "Its number."), m.job);
  v.derived(Field("holds", "All findings do."), [&] { return all_hold(m.findings); });
  v(Field("findings", "One for each invariant.").at_most(limits::findings_max), m.findings);
}

template <>
inline constexpr std::string_view message_type<BackedUp> = "backed_up";
template <>
inline constexpr SchemaName schema_of<BackedUp> = {"pq.backup/1", "A backup that is whole and on the disk."};
void fields(auto& v, Is<BackedUp> auto& m) {
  v(Field("path", "On the head's machine.").at_most(limits::path_bytes_max), m.path);
  v(Field("bytes", "Its size."), m.bytes);
  v(Field("removed", "How many older ones were removed, as `keep` says."), m.removed, 0);
}

template <>
inline constexpr std::string_view message_type<Authorized> = "authorized";
void fields(auto& v, Is<Authorized> auto& m) {
  v(Field("expires_unix_ms", "When the key ends, to the second."), m.expires_unix_ms);
}

template <>
inline constexpr std::string_view part_name<KeyReport> = "key report";
void fields(auto& v, Is<KeyReport> auto& m) {
  v(Field("name", "What it was called.").at_most(limits::name_bytes_max), m.name);
  v(Field("role", "What it may do."), m.role);
  v(Field("public_key", "Z85."), m.public_key);
  v(Field("expires_unix_ms", "When it ends, if it does."), m.expires_unix_ms);
  v(Field("agents", "Agents that compute with it now."), m.agents);
  v(Field("expired", "It is listed, but lets nobody in any more."), m.expired, false);
}

template <>
inline constexpr std::string_view message_type<KeysReport> = "keys";
template <>
inline constexpr SchemaName schema_of<KeysReport> = {"pq.keys/1", "The listed keys, by name."};
void fields(auto& v, Is<KeysReport> auto& m) {
  v(Field("keys", "By name, of every role.").at_most(limits::keys_reported_max), m.keys);
  v(Field("left_out", "Others that are not listed."), m.left_out);
}

template <>
inline constexpr std::string_view part_name<AgentProgram> = "agent program";
void fields(auto& v, Is<AgentProgram> auto& m) {
  v(Field("arch", "As `uname -m` says it.").at_most(limits::name_bytes_max), m.arch);
  v(Field("size"), m.size);
  v(Field("sha256", "Of HTTP nobody knows who answers: believe the bytes by this hash."), m.sha256);
}

template <>
inline constexpr std::string_view message_type<AgentPrograms> = "agent_programs";
void fields(auto& v, Is<AgentPrograms> auto& m) {
  v(Field("http", "HOST:PORT as the head has bound it; left out if it serves no HTTP."), m.http);
  v(Field("programs", "What it hands out at `/agents/ARCH` there.").at_most(limits::agent_programs_max),
    m.programs);
}

}  // namespace pq
