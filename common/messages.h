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

struct Label {
  std::string key;
  std::string value;
  friend bool operator==(const Label&, const Label&) = default;
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

// agent → head, regularly and whenever a lease ends: all that the agent holds. Answered by Orders.
struct Beat {
  std::string name;
  Incarnation incarnation;
  std::uint64_t seq = 0;  // counts up; an older one than the last seen is ignored
  Epoch epoch;            // of the last Orders that were seen, with their number
  std::uint64_t orders_seen = 0;
  std::vector<LeaseView> leases;
  std::vector<PaceView> paces;
  bool draining = false;
  friend bool operator==(const Beat&, const Beat&) = default;
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
  friend bool operator==(const LeaseOrder&, const LeaseOrder&) = default;
};

// What an agent must know of a job to compute it.
struct JobOrder {
  JobId job;
  Kernel kernel = Kernel::primes;
  Fold fold = Fold::sum;
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

enum class Steering { cancel, pause, resume };

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

enum class Role { agent, operator_, viewer };

std::string_view to_text(Role role);
std::optional<Role> parse_role(std::string_view word);

// client → head, answered by Authorized: from now on this public key (Z85, 40 characters) has this role.
struct Authorize {
  Role role = Role::viewer;
  std::string public_key;
  std::string name;
  friend bool operator==(const Authorize&, const Authorize&) = default;
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
  friend bool operator==(const JobReport&, const JobReport&) = default;
};

struct JobsReport {
  std::vector<JobReport> jobs;  // by id
  std::uint64_t left_out = 0;   // older ones, beyond limits::jobs_reported_max
  friend bool operator==(const JobsReport&, const JobsReport&) = default;
};

// active: heard from within the lease term · draining · silent: leases may still be live · gone: none are
enum class AgentState { active, draining, silent, gone };

std::string_view to_text(AgentState state);
std::optional<AgentState> parse_agent_state(std::string_view word);

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
  friend bool operator==(const AgentReport&, const AgentReport&) = default;
};

struct AgentsReport {
  std::vector<AgentReport> agents;  // by name; those that are gone last
  std::uint64_t left_out = 0;       // beyond limits::agents_reported_max
  friend bool operator==(const AgentsReport&, const AgentsReport&) = default;
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
  friend bool operator==(const Authorized&, const Authorized&) = default;
};

// ---------------------------------------------------------------- by direction

using AgentToHead = std::variant<Hello, Beat, Goodbye>;
using HeadToAgent = std::variant<Welcome, Orders, Refusal>;
using ClientToHead = std::variant<Submit, AskJob, AskJobs, Wait, Steer, Reprioritize, AskAgents, DrainAgent,
                                  Verify, BackUp, Authorize>;
using HeadToClient =
    std::variant<Submitted, JobReport, JobsReport, AgentsReport, Verification, BackedUp, Authorized, Refusal>;

// A client counts its requests; the answer repeats the number. Agents leave it 0.
using RequestNumber = std::uint64_t;

template <class Body>
struct Letter {
  RequestNumber request = 0;
  Body body;
};

}  // namespace pq
