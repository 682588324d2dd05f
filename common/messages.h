// Every message of the protocol, named and grouped by direction. PROTOCOL.md is the page for people; wire.h
// turns these into bytes and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/errors.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/job.h"

namespace pq {

// Bytes of protocol N are understood by N and N+1.
inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::uint32_t protocol_version_oldest = 1;

// Bytes that are no text: of files, and whatever programs print.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

// ---------------------------------------------------------------- agent → head

// agent → head, at its start and whenever it is told `introduce_yourself`. Answered by Welcome.
struct Hello {
  std::string name;
  Incarnation incarnation;
  std::string program_version;
  std::uint32_t slots = 0;
  std::vector<Kernel> kernels;
  std::vector<Label> labels;  // facts of the machine: arch, os, host, cpus, …
  friend bool operator==(const Hello&, const Hello&) = default;
};

// One lease as its holder sees it: "of it, [begin, upto) has this value, all in all; I go no further than
// end".
struct LeaseView {
  LeaseId lease;
  std::uint64_t begin = 0;
  std::uint64_t upto = 0;
  std::uint64_t end = 0;       // declared: the granted end or lower, never raised again
  std::optional<Value> value;  // of [begin, upto); absent while upto == begin, and where the fold is `none`
  // The program failed on [upto, failed_upto), with these last words; the holder goes no further.
  std::optional<std::uint64_t> failed_upto;
  std::optional<std::string> error;
  friend bool operator==(const LeaseView&, const LeaseView&) = default;
};

// What an agent has measured of one job: the cost of a step on one slot.
struct PaceView {
  JobId job;
  double fixed_s = 0;
  double per_integer_s = 0;
  friend bool operator==(const PaceView&, const PaceView&) = default;
};

// interruption: the machine ends · rebalance: it may well, so nothing new is begun on it · passed: it was to
// have ended by now, and lives
enum class NoticeKind { interruption, rebalance, passed };

std::string_view to_text(NoticeKind kind);
std::optional<NoticeKind> parse_notice_kind(std::string_view word);

// What its cloud has told a machine of its end.
struct Notice {
  NoticeKind kind = NoticeKind::interruption;
  std::string text;                                   // who says what: "EC2 Spot: terminate"
  std::optional<UnixMs> ends_unix_ms = std::nullopt;  // when the machine ends, if that was told
  friend bool operator==(const Notice&, const Notice&) = default;
};

// "EC2 Spot: terminate, at 2026-12-01T10:00:00Z"
std::string to_text(const Notice& notice);

// agent → head, regularly and whenever a lease ends: all that the agent holds. Answered by Orders.
struct Beat {
  std::string name;
  Incarnation incarnation;
  std::uint64_t seq = 0;  // counts up; an older one than the last seen is ignored
  Epoch epoch;            // of the last Orders that were seen, with their number
  std::uint64_t orders_seen = 0;
  std::vector<LeaseView> leases;
  std::vector<PaceView> paces;
  bool draining = false;                        // it takes no new leases
  std::optional<Notice> notice = std::nullopt;  // in force now
  std::uint64_t notice_errors = 0;              // questions to its cloud that had no proper answer
  friend bool operator==(const Beat&, const Beat&) = default;
};

enum class Stream { stdout_, stderr_, pq };  // pq: what the agent says of a run, such as how it ended

std::string_view to_text(Stream stream);
std::optional<Stream> parse_stream(std::string_view word);

// Some of what a program wrote in one run.
struct LogPart {
  JobId job;
  LeaseId lease;
  Range run;
  std::uint32_t attempt = 1;
  Stream stream = Stream::stderr_;
  bool failed = false;  // the run has failed: this is the last that is heard of it
  Bytes text;
  friend bool operator==(const LogPart&, const LogPart&) = default;
};

// Some of what is collected of one run. The run is committed only once all of it is stored.
struct OutputPart {
  JobId job;
  LeaseId lease;
  Range run;
  std::uint64_t offset = 0;
  bool last = false;  // of this run
  Bytes text;
  friend bool operator==(const OutputPart&, const OutputPart&) = default;
};

// agent → head, when programs have printed something. One at a time, and again under the same seq until it is
// answered by OutputStored.
struct Output {
  std::string name;
  Incarnation incarnation;
  std::uint64_t seq = 0;  // counts 1, 2, 3 …
  std::vector<LogPart> logs;
  std::vector<OutputPart> outputs;
  friend bool operator==(const Output&, const Output&) = default;
};

// agent → head, for a file that a job needs. Answered by FilePart.
struct WantFile {
  std::string name;
  Incarnation incarnation;
  Sha256 hash;
  std::uint64_t offset = 0;
  friend bool operator==(const WantFile&, const WantFile&) = default;
};

// agent → head: it holds nothing any more and ends.
struct Goodbye {
  std::string name;
  Incarnation incarnation;
  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

// ---------------------------------------------------------------- head → agent

// head → agent: the answer to Hello, once it is stored.
struct Welcome {
  Incarnation incarnation;
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

// One live lease as the head sees it.
struct LeaseOrder {
  LeaseId lease;
  JobId job;
  Range range;
  // The holder is asked to end at this integer, or at the first later one that it can.
  std::optional<std::uint64_t> end_asked;
  std::uint32_t attempts_failed = 0;  // of a program, on this part
  friend bool operator==(const LeaseOrder&, const LeaseOrder&) = default;
};

// What an agent must know of a job to compute it.
struct JobOrder {
  JobId job;
  Kernel kernel = Kernel::primes;
  Fold fold = Fold::sum;
  std::uint64_t begin = 0;  // of the whole job: runs of a fixed width are counted from there
  std::uint32_t cpus = 1;
  std::optional<Program> program = std::nullopt;
  friend bool operator==(const JobOrder&, const JobOrder&) = default;
};

// head → agent, the answer to Beat, and unasked as soon as there is work for an idle slot: every live lease
// of this agent. What the agent holds and does not find here is gone: taken to the end, or lost.
struct Orders {
  Epoch epoch;
  std::uint64_t number = 0;  // counts up within an epoch, per agent
  std::uint32_t beat_ms = 0;
  std::vector<LeaseOrder> leases;
  std::vector<JobOrder> jobs;  // of the leases that the agent has not listed yet
  bool drain = false;          // an operator asked for it
  friend bool operator==(const Orders&, const Orders&) = default;
};

// head → agent, the answer to Output, once it is stored.
struct OutputStored {
  Incarnation incarnation;
  std::uint64_t seq = 0;
  friend bool operator==(const OutputStored&, const OutputStored&) = default;
};

// head → agent, the answer to WantFile. No bytes at an offset below the size: the head has no such file any
// more.
struct FilePart {
  Sha256 hash;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  Bytes part;
  friend bool operator==(const FilePart&, const FilePart&) = default;
};

// ---------------------------------------------------------------- client → head

// client → head, answered by Submitted. Safe to repeat.
struct Submit {
  RequestId id;
  JobSpec spec;
  friend bool operator==(const Submit&, const Submit&) = default;
};

// client → head, answered by JobReport.
struct AskJob {
  JobId job;
  friend bool operator==(const AskJob&, const AskJob&) = default;
};

// client → head, answered by JobsReport.
struct AskJobs {
  friend bool operator==(const AskJobs&, const AskJobs&) = default;
};

// client → head, answered by JobReport as soon as the job has ended, or after patience_ms as it then is.
struct Wait {
  JobId job;
  std::uint32_t patience_ms = 0;
  // Whoever submitted it means that submission: a head that was restored from a backup may have given the
  // number to another job, and then there is no such job.
  std::optional<RequestId> submission = std::nullopt;
  friend bool operator==(const Wait&, const Wait&) = default;
};

enum class Steering { cancel, pause, resume, retry };

std::string_view to_text(Steering what);
std::optional<Steering> parse_steering(std::string_view word);

// client → head, answered by JobReport. Asking for what is so already is no error.
struct Steer {
  JobId job;
  Steering what = Steering::cancel;
  friend bool operator==(const Steer&, const Steer&) = default;
};

// client → head, answered by JobReport.
struct Reprioritize {
  JobId job;
  std::int32_t priority = 0;
  friend bool operator==(const Reprioritize&, const Reprioritize&) = default;
};

// client → head, answered by AgentsReport.
struct AskAgents {
  friend bool operator==(const AskAgents&, const AskAgents&) = default;
};

// client → head, answered by AgentsReport: this agent ends after its present steps.
struct DrainAgent {
  std::string name;
  friend bool operator==(const DrainAgent&, const DrainAgent&) = default;
};

// client → head, answered by FileStored: the part of a file that follows what is stored of it. Without bytes
// it only asks how much that is.
struct PutFile {
  Sha256 hash;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
  Bytes part;
  friend bool operator==(const PutFile&, const PutFile&) = default;
};

// client → head, answered by Logs.
struct AskLogs {
  JobId job;
  std::uint64_t after = 0;                   // entries with a higher number
  bool failed = false;                       // only of runs that failed
  std::optional<std::uint64_t> around = {};  // only of runs over a range with this integer
  friend bool operator==(const AskLogs&, const AskLogs&) = default;
};

// client → head, answered by EventsReport.
struct AskEvents {
  std::uint64_t after = 0;                  // with a higher number
  std::optional<JobId> job = std::nullopt;  // only of this job
  friend bool operator==(const AskEvents&, const AskEvents&) = default;
};

// client → head, answered by Explanation.
struct AskExplanation {
  JobId job;
  friend bool operator==(const AskExplanation&, const AskExplanation&) = default;
};

// client → head, answered by OutputPage: what was collected, in the order of the range, from this place on.
struct AskOutput {
  JobId job;
  std::uint64_t begin = 0;   // of a run …
  std::uint64_t offset = 0;  // … and in its text
  friend bool operator==(const AskOutput&, const AskOutput&) = default;
};

// client → head, answered by Verification.
struct Verify {
  JobId job;
  friend bool operator==(const Verify&, const Verify&) = default;
};

// client → head, answered by BackedUp once the copy is durable. Repeated under the same id, it is the same
// backup.
struct BackUp {
  RequestId id;
  std::string name;  // of the file, is_file_name() of common/text.h; empty: the head takes the date and time
  friend bool operator==(const BackUp&, const BackUp&) = default;
};

// client → head, answered by AgentPrograms.
struct AskAgentPrograms {
  friend bool operator==(const AskAgentPrograms&, const AskAgentPrograms&) = default;
};

enum class Role { agent, operator_, viewer };

std::string_view to_text(Role role);
std::optional<Role> parse_role(std::string_view word);

// client → head, answered by Authorized: from now on, for `lasts_ms` or for ever, this public key (Z85, 40
// characters) has this role.
struct Authorize {
  Role role = Role::viewer;
  std::string public_key;
  std::string name;
  std::optional<std::uint64_t> lasts_ms = std::nullopt;
  friend bool operator==(const Authorize&, const Authorize&) = default;
};

// client → head, answered by KeysReport.
struct AskKeys {
  friend bool operator==(const AskKeys&, const AskKeys&) = default;
};

// client → head, answered by KeysReport of those that are let in no longer: all of this name, or the one that
// is this public key.
struct RevokeKey {
  std::string name;
  friend bool operator==(const RevokeKey&, const RevokeKey&) = default;
};

// ---------------------------------------------------------------- head → client

struct Submitted {
  JobId job;
  bool repeated = false;  // this request had been taken before
  friend bool operator==(const Submitted&, const Submitted&) = default;
};

struct LeaseCounts {
  std::uint64_t granted = 0;
  std::uint64_t expired = 0;  // the holder fell silent or was replaced
  std::uint64_t yielded = 0;  // ended lower than granted, because it was asked or the holder drained
  friend bool operator==(const LeaseCounts&, const LeaseCounts&) = default;
};

// A part of a job that was given up, and what its program said last.
struct FailedSpan {
  Range range;
  std::uint32_t attempts = 0;
  std::string error;
  friend bool operator==(const FailedSpan&, const FailedSpan&) = default;
};

// One job as it is now.
struct JobReport {
  JobId job;
  JobSpec spec;
  JobState state = JobState::queued;
  std::uint64_t done = 0;    // integers
  std::uint64_t failed = 0;  // integers
  std::optional<Value> value;
  LeaseCounts leases;
  std::uint64_t recomputed = 0;
  std::uint64_t attempts_failed = 0;
  std::uint32_t slots_busy = 0;
  double rate_per_s = 0;
  UnixMs created_unix_ms = 0;
  std::optional<UnixMs> started_unix_ms;
  std::optional<UnixMs> finished_unix_ms;
  std::optional<std::string> error;
  std::optional<std::string> unplaced = {};   // why no agent can take what is free of it
  std::vector<FailedSpan> failed_spans = {};  // the first limits::failed_spans_told; none in a list of jobs
  double rate_spread_per_s = 0;  // by how much rate_per_s may be wrong, as it went so far; 0: not known
  friend bool operator==(const JobReport&, const JobReport&) = default;
};

struct JobsReport {
  std::vector<JobReport> jobs;  // by id
  std::uint64_t left_out = 0;   // older ones, beyond limits::jobs_reported_max
  friend bool operator==(const JobsReport&, const JobsReport&) = default;
};

// active: heard from within the lease term · quarantined: programs fail here that succeed elsewhere, so it is
// given none · draining · silent: leases may still be live · gone: none are
enum class AgentState { active, quarantined, draining, silent, gone };

std::string_view to_text(AgentState state);
std::optional<AgentState> parse_agent_state(std::string_view word);

// A lease as its holder's report tells it.
struct LeaseHeld {
  JobId job;
  std::optional<UnixMs> granted_unix_ms;  // not known of one that was granted before the head's last start
  friend bool operator==(const LeaseHeld&, const LeaseHeld&) = default;
};

struct AgentReport {
  std::string name;
  AgentState state = AgentState::active;
  std::string program_version;
  std::uint32_t slots = 0;
  std::uint32_t busy = 0;
  double rate_per_s = 0;
  std::uint32_t heard_ms_ago = 0;
  std::vector<Kernel> kernels;
  std::vector<Label> labels;
  std::optional<Notice> notice = std::nullopt;
  std::uint64_t notice_errors = 0;
  std::uint32_t beats_missed = 0;      // since it was last heard
  std::vector<LeaseHeld> leases = {};  // limits::leases_told at most, the oldest first
  friend bool operator==(const AgentReport&, const AgentReport&) = default;
};

struct AgentsReport {
  std::vector<AgentReport> agents;  // by name; those that are gone last
  std::uint64_t left_out = 0;       // beyond limits::agents_reported_max
  friend bool operator==(const AgentsReport&, const AgentsReport&) = default;
};

// What is stored of a file by now.
struct FileStored {
  Sha256 hash;
  std::uint64_t upto = 0;
  friend bool operator==(const FileStored&, const FileStored&) = default;
};

// One part of a job's log.
struct LogEntry {
  std::uint64_t number = 0;  // counts up within the job
  UnixMs unix_ms = 0;        // when it was stored
  std::string agent;
  Range run;
  std::uint32_t attempt = 1;
  Stream stream = Stream::stderr_;
  bool failed = false;
  Bytes text;
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

struct Logs {
  std::vector<LogEntry> entries;
  std::uint64_t next = 0;  // to ask for what comes after them
  bool more = false;       // there are already
  JobState state = JobState::queued;
  friend bool operator==(const Logs&, const Logs&) = default;
};

enum class Severity { info, warning, error };

std::string_view to_text(Severity severity);
std::optional<Severity> parse_severity(std::string_view word);

// Something that happened, as the head keeps it.
struct EventEntry {
  std::uint64_t number = 0;  // counts up
  UnixMs unix_ms = 0;
  std::string what;  // for programs: "agent_joined"
  Severity severity = Severity::info;
  std::optional<JobId> job;
  std::optional<std::string> agent;
  std::string text;    // for people: "agent joined"
  std::string detail;  // which, why; may be empty
  friend bool operator==(const EventEntry&, const EventEntry&) = default;
};

// The newest limits::events_told of those that were asked for.
struct EventsReport {
  std::vector<EventEntry> events;  // by number
  std::uint64_t left_out = 0;      // older ones
  friend bool operator==(const EventsReport&, const EventsReport&) = default;
};

// One thing that decides how a job fares.
struct Reason {
  std::string word;                   // for programs: "no_agents"
  std::string text;                   // a sentence
  std::optional<std::string> advice;  // what to do about it, if there is something
  friend bool operator==(const Reason&, const Reason&) = default;
};

// Why a job is not running, slow or late; or that nothing holds it up. The weightiest reason first.
struct Explanation {
  JobId job;
  JobState state = JobState::queued;
  std::vector<Reason> reasons;  // never empty
  friend bool operator==(const Explanation&, const Explanation&) = default;
};

struct OutputEntry {
  Range run;
  std::uint64_t offset = 0;
  Bytes text;
  friend bool operator==(const OutputEntry&, const OutputEntry&) = default;
};

struct OutputPage {
  std::vector<OutputEntry> entries;
  bool more = false;
  std::uint64_t next_begin = 0;  // to ask for more
  std::uint64_t next_offset = 0;
  friend bool operator==(const OutputPage&, const OutputPage&) = default;
};

// One thing that pq-verify looked at.
struct Finding {
  std::string invariant;
  bool holds = false;
  std::string detail;
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct Verification {
  JobId job;
  std::vector<Finding> findings;
  friend bool operator==(const Verification&, const Verification&) = default;
};

struct BackedUp {
  std::string path;  // on the head's machine
  std::uint64_t bytes = 0;
  friend bool operator==(const BackedUp&, const BackedUp&) = default;
};

struct Authorized {
  std::optional<UnixMs> expires_unix_ms = std::nullopt;
  friend bool operator==(const Authorized&, const Authorized&) = default;
};

struct KeyReport {
  Role role = Role::viewer;
  std::string name;
  std::string public_key;
  std::optional<UnixMs> expires_unix_ms;
  std::uint32_t agents = 0;  // that compute with it now
  friend bool operator==(const KeyReport&, const KeyReport&) = default;
};

struct KeysReport {
  std::vector<KeyReport> keys;  // by name
  std::uint64_t left_out = 0;   // beyond limits::keys_reported_max
  friend bool operator==(const KeysReport&, const KeysReport&) = default;
};

// One agent that the head hands out to new machines, by HTTP at /agents/ARCH.
struct AgentProgram {
  std::string arch;  // as uname -m says it: x86_64, aarch64
  std::uint64_t size = 0;
  Sha256 sha256;
  friend bool operator==(const AgentProgram&, const AgentProgram&) = default;
};

// Told over the authenticated connection, so that a program that comes over HTTP can be trusted by its hash.
struct AgentPrograms {
  std::optional<std::string> http;  // HOST:PORT as it is bound; absent: the head serves no HTTP
  std::vector<AgentProgram> programs;
  friend bool operator==(const AgentPrograms&, const AgentPrograms&) = default;
};

// ---------------------------------------------------------------- by direction

using AgentToHead = std::variant<Hello, Beat, Goodbye, Output, WantFile>;
using HeadToAgent = std::variant<Welcome, Orders, OutputStored, FilePart, Refusal>;
using ClientToHead = std::variant<Submit, AskJob, AskJobs, Wait, Steer, Reprioritize, AskAgents, DrainAgent,
                                  AskAgentPrograms, Verify, BackUp, Authorize, PutFile, AskLogs, AskOutput,
                                  AskKeys, RevokeKey, AskEvents, AskExplanation>;
using HeadToClient =
    std::variant<Submitted, JobReport, JobsReport, AgentsReport, Verification, BackedUp, Authorized,
                 FileStored, Logs, OutputPage, KeysReport, AgentPrograms, EventsReport, Explanation, Refusal>;

// A client counts its requests; the answer repeats the number. Agents leave it 0.
using RequestNumber = std::uint64_t;

template <class Body>
struct Letter {
  RequestNumber request = 0;
  Body body;
};

}  // namespace pq
