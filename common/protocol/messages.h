// Every message of the protocol, grouped by direction. PROTOCOL.md is the page for people; wire.h converts
// messages to bytes and back.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/errors.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/job.h"
#include "common/values/words.h"

namespace pq {

// Versions N and N+1 understand bytes of protocol N. A message has the oldest version that knows all of its
// fields.
inline constexpr std::uint32_t protocol_version = 2;
inline constexpr std::uint32_t protocol_of_sums = 2;  // values that are exact sums
inline constexpr std::uint32_t protocol_version_oldest = 1;

// Bytes that are not text: of files, and of whatever programs print.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

// ---------------------------------------------------------------- agent → head

// agent → head, at its start and after a refusal with `introduce_yourself`. Answered by Welcome.
struct Hello {
  std::string name;
  Incarnation incarnation;
  std::string program_version;
  std::uint32_t slots = 0;
  std::vector<Kernel> kernels;
  std::vector<Label> labels;  // facts of the machine: arch, os, host, cpus, …
  friend bool operator==(const Hello&, const Hello&) = default;
};

// One lease as its holder reports it: "[begin, upto) has this value in total; I go no further than end".
struct LeaseView {
  LeaseId lease;
  std::uint64_t begin = 0;
  std::uint64_t upto = 0;
  std::uint64_t end = 0;       // declared: the granted end or lower, never raised again
  std::optional<Value> value;  // of [begin, upto); absent while upto == begin, and where the fold is `none`
  // The program failed on [upto, failed_upto), with this error; the holder goes no further.
  std::optional<std::uint64_t> failed_upto;
  std::optional<std::string> error;
  bool cannot_start = false;  // the agent could not start the program
  // The end of the slot's present step, which begins at upto; nothing while no slot computes.
  std::optional<std::uint64_t> step_end = std::nullopt;
  bool express = false;  // it is on an express place, which a restarted head does not know
  friend bool operator==(const LeaseView&, const LeaseView&) = default;
};

// The measured cost of a step of one job on one slot.
struct PaceView {
  JobId job;
  double fixed_s = 0;
  double per_integer_s = 0;
  friend bool operator==(const PaceView&, const PaceView&) = default;
};

// interruption: the machine ends · rebalance: it may well end, so nothing new begins on it · passed: it
// should have ended by now, and is alive
enum class NoticeKind { interruption, rebalance, passed };
template <>
inline constexpr std::array<std::string_view, 3> enum_words<NoticeKind>{"interruption", "rebalance",
                                                                        "passed"};

// A cloud's announcement that a machine ends.
struct Notice {
  NoticeKind kind = NoticeKind::interruption;
  std::string text;                                   // who announces what: "EC2 Spot: terminate"
  std::optional<UnixMs> ends_unix_ms = std::nullopt;  // when the machine ends, if that is known
  friend bool operator==(const Notice&, const Notice&) = default;
};

// "EC2 Spot: terminate, at 2026-12-01T10:00:00Z"
std::string to_text(const Notice& notice);

// agent → head, regularly and whenever a lease ends: everything that the agent holds. Answered by Orders.
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
  // It has express places beside its slots. This is in the Beat and not in the Hello, because a restarted
  // head gets no Hello.
  bool express = false;
  friend bool operator==(const Beat&, const Beat&) = default;
};

enum class Stream { stdout_, stderr_, pq };  // pq: what the agent says of a run, such as how it ended
template <>
inline constexpr std::array<std::string_view, 3> enum_words<Stream>{"stdout", "stderr", "pq"};

// A piece of what a program wrote in one run.
struct LogPart {
  JobId job;
  LeaseId lease;
  Range run;
  std::uint32_t attempt = 1;
  Stream stream = Stream::stderr_;
  bool failed = false;  // the run has failed, and this is its last piece
  Bytes text;
  friend bool operator==(const LogPart&, const LogPart&) = default;
};

// A piece of the collected output of one run. The run is committed only once all of it is stored.
struct OutputPart {
  JobId job;
  LeaseId lease;
  Range run;
  std::uint64_t offset = 0;
  bool last = false;  // of this run
  Bytes text;
  friend bool operator==(const OutputPart&, const OutputPart&) = default;
};

// agent → head, when programs have printed something. One at a time, repeated with the same seq until
// OutputStored answers it.
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

// agent → head: it holds nothing and ends.
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
  // The holder is asked to end at this integer, or at the first possible one after it.
  std::optional<std::uint64_t> end_asked;
  std::uint32_t attempts_failed = 0;  // of a program, on this part
  bool copy = false;                  // another agent holds it too and is stuck: it counts once it is whole
  bool express = false;               // of an express place, and of no slot
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

// head → agent, the answer to Beat, and without one as soon as there is work for an idle slot: every live
// lease of this agent. A lease that the agent holds and does not find here is gone: computed to its end, or
// lost.
struct Orders {
  Epoch epoch;
  std::uint64_t number = 0;  // counts up within an epoch, per agent
  std::uint32_t beat_ms = 0;
  std::vector<LeaseOrder> leases;
  std::vector<JobOrder> jobs;  // of the leases that the agent has not listed yet
  bool drain = false;          // an operator asked for it
  bool hold_output = false;    // the head has no space for what programs print: keep it until it has
  friend bool operator==(const Orders&, const Orders&) = default;
};

// head → agent, the answer to Output, once it is stored.
struct OutputStored {
  Incarnation incarnation;
  std::uint64_t seq = 0;
  friend bool operator==(const OutputStored&, const OutputStored&) = default;
};

// head → agent, the answer to WantFile. No bytes at an offset below the size: the head no longer has the
// file.
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
  bool mine = false;  // only those that were submitted under the asker's name
  friend bool operator==(const AskJobs&, const AskJobs&) = default;
};

// Which jobs a request means. any: all of them · live: those that have not ended · unpaused: live ones that
// are not paused · paused · retryable: those with failed parts that are neither done nor cancelled · newest:
// only the latest submission · ended: those that are not live
enum class Meant { any, live, unpaused, paused, retryable, newest, ended };
template <>
inline constexpr std::array<std::string_view, 7> enum_words<Meant>{
    "any", "live", "unpaused", "paused", "retryable", "newest", "ended"};

// Whether a job in this state, with so many failed integers, is one of them. REQUIRES: not `newest`, which
// needs the other jobs.
bool is_meant(Meant which, JobState state, std::uint64_t failed);

// client → head, answered by JobIds: the ids of these jobs, among all that the head keeps. So a client finds
// jobs that a list leaves out.
struct AskJobIds {
  Meant which = Meant::live;
  std::uint64_t first = 0;                                         // only numbers from here …
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();  // … to here, this one included
  std::optional<std::uint64_t> ended_for_ms = std::nullopt;        // only those that ended so long ago
  bool mine = false;                                               // only the asker's own
  friend bool operator==(const AskJobIds&, const AskJobIds&) = default;
};

// client → head, answered by EachJob: AskJob for several jobs, at most limits::jobs_named_max.
struct AskEach {
  std::vector<JobId> jobs;
  friend bool operator==(const AskEach&, const AskEach&) = default;
};

// client → head, answered by JobReport as soon as the job has ended, or after patience_ms with its present
// state.
struct Wait {
  JobId job;
  std::uint32_t patience_ms = 0;
  // The submission that the client means. A head restored from a backup may have given the id to another job;
  // then the answer is `no_such_job`.
  std::optional<RequestId> submission = std::nullopt;
  friend bool operator==(const Wait&, const Wait&) = default;
};

// The last three are for jobs that have ended: `forget` erases all of the job, and the answer is its last
// report; the others erase its logs or its collected output alone.
enum class Steering { cancel, pause, resume, retry, forget, forget_logs, forget_output };
template <>
inline constexpr std::array<std::string_view, 7> enum_words<Steering>{
    "cancel", "pause", "resume", "retry", "forget", "forget_logs", "forget_output"};

// client → head, answered by JobReport. A request for the present state is not an error.
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

// client → head, answered by EachJob: the same for several jobs in one turn, at most limits::jobs_named_max,
// so that no turn grows with the queue. A refusal for one job does not affect the others.
struct SteerEach {
  std::vector<JobId> jobs;
  Steering what = Steering::cancel;
  friend bool operator==(const SteerEach&, const SteerEach&) = default;
};

struct ReprioritizeEach {
  std::vector<JobId> jobs;
  std::int32_t priority = 0;
  friend bool operator==(const ReprioritizeEach&, const ReprioritizeEach&) = default;
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

// client → head, answered by FileStored: the part of a file that follows the stored bytes. Without bytes it
// only asks how many are stored.
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

// client → head, answered by OutputPage: collected output in the order of the range, from this place on.
struct AskOutput {
  JobId job;
  std::uint64_t begin = 0;   // of a run …
  std::uint64_t offset = 0;  // … and in its text
  friend bool operator==(const AskOutput&, const AskOutput&) = default;
};

// client → head, answered by Recomputed: everything that this agent may have computed of the job is discarded
// and computed again. Safe to repeat.
struct Recompute {
  JobId job;
  std::string agent;     // a name, under any key; empty: no agent's work
  bool unknown = false;  // also parts without a known worker, even if `agent` computed nothing
  friend bool operator==(const Recompute&, const Recompute&) = default;
};

// client → head, answered by ProvenancePage: who computed what is done, in the order of the range.
struct AskProvenance {
  JobId job;
  std::uint64_t begin = 0;  // of the first part to list
  friend bool operator==(const AskProvenance&, const AskProvenance&) = default;
};

// client → head, answered by Verification.
struct Verify {
  JobId job;
  friend bool operator==(const Verify&, const Verify&) = default;
};

// client → head, answered by BackedUp once the copy is durable. A repeated request with the same id means the
// same backup.
struct BackUp {
  RequestId id;
  std::string
      name;  // of the file, is_file_name() of common/values/text.h; empty: the head takes the date and time
  std::optional<std::uint64_t> keep = {};  // of the backups that are named by their date, the newest ones
  friend bool operator==(const BackUp&, const BackUp&) = default;
};

// client → head, answered by AgentPrograms.
struct AskAgentPrograms {
  friend bool operator==(const AskAgentPrograms&, const AskAgentPrograms&) = default;
};

enum class Role { agent, operator_, viewer };
template <>
inline constexpr std::array<std::string_view, 3> enum_words<Role>{"agent", "operator", "viewer"};

// client → head, answered by Authorized: from now on this public key (Z85, 40 characters) has this role, for
// `lasts_ms` or without end.
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

// client → head, answered by KeysReport of the revoked keys: all of this name, or the one that is this public
// key.
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

// A part of a job that was given up, and its last error.
struct FailedSpan {
  Range range;
  std::uint32_t attempts = 0;
  std::string error;
  std::uint32_t losses = 0;  // of agents while they computed it
  friend bool operator==(const FailedSpan&, const FailedSpan&) = default;
};

// A step that has run far beyond its usual time: nobody can tell when it ends.
struct StuckStep {
  Range range;  // the computed range, as far as is known
  std::string agent;
  std::uint64_t ms = 0;  // how long it has run
  friend bool operator==(const StuckStep&, const StuckStep&) = default;
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
  std::optional<std::string> unplaced = {};   // why no agent can take its free parts
  std::vector<FailedSpan> failed_spans = {};  // the first limits::failed_spans_told; none in a list of jobs
  double rate_spread_per_s = 0;               // the standard error of rate_per_s so far; 0: unknown
  std::optional<StuckStep> stuck = {};        // the longest one; stuck steps count nothing in rate_per_s
  std::uint32_t express = 0;                  // leases on express places now
  std::uint64_t discarded = 0;                // integers that were done and are, or were, computed again
  bool logs_forgotten = false;
  bool output_forgotten = false;
  std::string submitter = {};  // the name of the key that submitted it; empty: not known
  friend bool operator==(const JobReport&, const JobReport&) = default;
};

// Live jobs come before ended ones. So what is left out has ended, unless there is no room for all live jobs.
struct JobsReport {
  std::vector<JobReport> jobs;  // by id
  std::uint64_t left_out = 0;   // beyond limits::jobs_reported_max
  // How many of these are live. Unknown from a head of 0.1.0, which lists the newest jobs in any state.
  std::optional<std::uint64_t> live_left_out = std::nullopt;
  std::optional<std::string> only_of = std::nullopt;  // the submitter, if only those were asked for
  friend bool operator==(const JobsReport&, const JobsReport&) = default;
};

// By id, at most limits::job_ids_told.
struct JobIds {
  std::vector<JobId> ids;
  bool more = false;  // there are, with higher numbers
  friend bool operator==(const JobIds&, const JobIds&) = default;
};

struct RefusedJob {
  JobId job;
  Refusal refusal;
  friend bool operator==(const RefusedJob&, const RefusedJob&) = default;
};

// Each job of a request as it is now, or the refusal.
struct EachJob {
  std::vector<JobReport> reports;   // in the order of the question
  std::vector<RefusedJob> refused;  // likewise
  friend bool operator==(const EachJob&, const EachJob&) = default;
};

// active: heard within the lease term · quarantined: programs fail here that succeed elsewhere, so it gets
// none · draining · silent: its leases may still be live · gone: it has no leases
enum class AgentState { active, quarantined, draining, silent, gone };
template <>
inline constexpr std::array<std::string_view, 5> enum_words<AgentState>{"active", "quarantined", "draining",
                                                                        "silent", "gone"};

// A lease in the report of its holder.
struct LeaseHeld {
  JobId job;
  std::optional<UnixMs> granted_unix_ms;  // not known of one that was granted before the head's last start
  bool express = false;                   // of an express place
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
  bool express = false;                // it has express places
  friend bool operator==(const AgentReport&, const AgentReport&) = default;
};

struct AgentsReport {
  std::vector<AgentReport> agents;  // by name; those that are gone last
  std::uint64_t left_out = 0;       // beyond limits::agents_reported_max
  friend bool operator==(const AgentsReport&, const AgentsReport&) = default;
};

// How much of a file is stored.
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
  std::uint64_t next = 0;  // asks for the entries after these
  bool more = false;       // there are already
  JobState state = JobState::queued;
  friend bool operator==(const Logs&, const Logs&) = default;
};

enum class Severity { info, warning, error };
template <>
inline constexpr std::array<std::string_view, 3> enum_words<Severity>{"info", "warning", "error"};

// An event, as the head keeps it.
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

// The newest limits::events_told of the requested events.
struct EventsReport {
  std::vector<EventEntry> events;  // by number
  std::uint64_t left_out = 0;      // older ones
  friend bool operator==(const EventsReport&, const EventsReport&) = default;
};

// One fact that decides how a job progresses.
struct Reason {
  std::string word;                   // for programs: "no_agents"
  std::string text;                   // a sentence
  std::optional<std::string> advice;  // what to do about it, if anything
  friend bool operator==(const Reason&, const Reason&) = default;
};

// Why a job waits, is slow or is late; or that nothing holds it up. The most important reason first.
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

// A part of a job that is done.
struct PartReport {
  Range range;
  std::vector<std::string> agents;  // who may have computed it; empty: that is not known
  std::optional<Value> value;       // absent where the fold is `none`
  std::optional<LeaseId> lease;     // absent: several, or not known
  std::uint64_t output_bytes = 0;   // that are collected of it
  friend bool operator==(const PartReport&, const PartReport&) = default;
};

struct ProvenancePage {
  JobId job;
  std::vector<PartReport> parts;  // in the order of the range
  bool more = false;
  std::uint64_t next_begin = 0;  // to ask for more
  friend bool operator==(const ProvenancePage&, const ProvenancePage&) = default;
};

// How much was discarded, and the job as it is now.
struct Recomputed {
  JobReport job;
  std::uint64_t parts = 0;
  std::uint64_t integers = 0;
  bool agent_takes_work = false;  // so it may be given some of this again
  friend bool operator==(const Recomputed&, const Recomputed&) = default;
};

// The result of one check of pq-verify.
struct Finding {
  std::string invariant;
  bool holds = false;
  std::string detail;
  friend bool operator==(const Finding&, const Finding&) = default;
};

bool all_hold(const std::vector<Finding>& findings);

struct Verification {
  JobId job;
  std::vector<Finding> findings;
  friend bool operator==(const Verification&, const Verification&) = default;
};

struct BackedUp {
  std::string path;  // on the head's machine
  std::uint64_t bytes = 0;
  std::uint64_t removed = 0;  // older ones, as the request asked
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
  bool expired = false;      // as the head sees it: its clock counts
  friend bool operator==(const KeyReport&, const KeyReport&) = default;
};

struct KeysReport {
  std::vector<KeyReport> keys;  // by name
  std::uint64_t left_out = 0;   // beyond limits::keys_reported_max
  friend bool operator==(const KeysReport&, const KeysReport&) = default;
};

// An agent program that the head serves to new machines, over HTTP at /agents/ARCH.
struct AgentProgram {
  std::string arch;  // as `uname -m` prints it: x86_64, aarch64
  std::uint64_t size = 0;
  Sha256 sha256;
  friend bool operator==(const AgentProgram&, const AgentProgram&) = default;
};

// Sent over the authenticated connection, so that a program from HTTP can be trusted by its hash.
struct AgentPrograms {
  std::optional<std::string> http;  // HOST:PORT as it is bound; absent: the head serves no HTTP
  std::vector<AgentProgram> programs;
  friend bool operator==(const AgentPrograms&, const AgentPrograms&) = default;
};

// ---------------------------------------------------------------- by direction

using AgentToHead = std::variant<Hello, Beat, Goodbye, Output, WantFile>;
using HeadToAgent = std::variant<Welcome, Orders, OutputStored, FilePart, Refusal>;
using ClientToHead =
    std::variant<Submit, AskJob, AskJobs, Wait, Steer, Reprioritize, AskAgents, DrainAgent, AskAgentPrograms,
                 Verify, BackUp, Authorize, PutFile, AskLogs, AskOutput, AskKeys, RevokeKey, AskEvents,
                 AskExplanation, AskJobIds, AskEach, SteerEach, ReprioritizeEach, Recompute, AskProvenance>;
using HeadToClient =
    std::variant<Submitted, JobReport, JobsReport, AgentsReport, Verification, BackedUp, Authorized,
                 FileStored, Logs, OutputPage, KeysReport, AgentPrograms, EventsReport, Explanation, JobIds,
                 EachJob, Refusal, ProvenancePage, Recomputed>;

// A client counts its requests, and the answer repeats the number. Agents leave it 0.
using RequestNumber = std::uint64_t;

template <class Body>
struct Letter {
  RequestNumber request = 0;
  Body body;
};

}  // namespace pq
