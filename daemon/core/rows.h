// What is stored, as values: the rows that a turn of the head has changed, and all of them as read at its
// start.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/instant.h"
#include "common/job.h"
#include "common/messages.h"
#include "daemon/core/happening.h"
#include "daemon/core/span.h"

namespace pq {

struct SpanKey {
  JobId job;
  std::uint64_t begin = 0;
  friend auto operator<=>(const SpanKey&, const SpanKey&) = default;
};

// A job but for its spans. Its progress and its value are not here: they follow from the spans.
struct JobRow {
  JobId id;
  RequestId request;
  JobSpec spec;
  JobState state = JobState::queued;
  LeaseCounts leases;
  std::uint64_t recomputed = 0;
  std::uint64_t attempts_failed = 0;
  std::uint64_t failures_forgiven =
      0;  // of these: of an agent in quarantine, or before the job was tried again
  std::uint64_t collected_bytes = 0;
  UnixMs created_unix_ms = 0;
  std::optional<UnixMs> started_unix_ms;
  std::optional<UnixMs> finished_unix_ms;
  std::optional<std::string> error;
};

// One agent: a CURVE key under one name.
struct AgentRow {
  AgentId id;
  std::string public_key;
  std::string name;
  Incarnation incarnation;
  std::string program_version;
  std::uint32_t slots = 0;
  std::vector<Kernel> kernels;
  std::vector<Label> labels;
};

using SpanRows = std::map<SpanKey, Span>;

// A file that jobs need, as far as it has come.
struct FileRow {
  Sha256 hash;
  std::uint64_t size = 0;
  std::uint64_t upto = 0;  // [0, upto) is stored
};

struct FilePartRow {
  Sha256 hash;
  std::uint64_t offset = 0;
  std::string bytes;
};

// One part of a job's log. Its number counts up within the job.
struct LogRow {
  JobId job;
  LeaseId lease;
  LogEntry entry;
};

// Some of what was collected of one run.
struct OutputRow {
  JobId job;
  LeaseId lease;
  OutputEntry entry;
  bool last = false;  // of its run
};

// An event that is kept. Its number counts up.
struct EventRow {
  std::uint64_t number = 0;
  UnixMs unix_ms = 0;
  Event event;
};

// How far a live lease is collected: all of the runs before `upto`, and `bytes` of the run that begins there.
struct Collected {
  std::uint64_t upto = 0;
  std::uint64_t bytes = 0;
  std::set<std::uint64_t> ends = {};  // of those runs, beyond what is committed: only there may a commit end

  void add(const Range& run, std::uint64_t more_bytes, bool last) {
    bytes += more_bytes;
    if (!last) return;
    upto = run.end;
    bytes = 0;
    ends.insert(upto);
  }
};

// Of this lease, the runs that begin at `from` or later will not be committed: somebody else collects them.
struct OutputsErased {
  JobId job;
  LeaseId lease;
  std::uint64_t from = 0;
};

// The rows that a turn touched, each as it is at the turn's end; nullopt: it is no more. A job's erasure
// takes its spans, logs and outputs along, a file's its parts. Touching a row twice costs one write: this is
// half of what makes the group commit fast.
struct Changes {
  std::map<JobId, std::optional<JobRow>> jobs;  // all but their programs …
  std::map<JobId, Program> programs;            // … which are written once
  std::map<SpanKey, std::optional<Span>> spans;
  std::map<AgentId, std::optional<AgentRow>> agents;
  std::map<AgentId, std::uint64_t> outputs_seen;  // the seq of the last Output that is stored
  std::map<Sha256, std::optional<FileRow>> files;
  std::vector<FilePartRow>
      file_parts;  // the last of each file's [0, upto); others that reach beyond are no more
  std::vector<LogRow> logs;
  std::map<JobId, std::uint64_t> logs_erased_upto;  // with this number or a lower one
  std::vector<OutputRow> outputs;
  std::vector<OutputsErased> outputs_erased;  // after the outputs
  std::map<std::uint64_t, std::optional<EventRow>> events;

  bool is_empty() const {
    return jobs.empty() && spans.empty() && agents.empty() && outputs_seen.empty() && files.empty() &&
           file_parts.empty() && logs.empty() && logs_erased_upto.empty() && outputs.empty() &&
           outputs_erased.empty() && events.empty();
  }
};

// Everything, as the head finds it when it starts.
struct Stored {
  std::map<JobId, JobRow> jobs;
  SpanRows spans;
  std::map<AgentId, AgentRow> agents;
  std::set<Epoch> epochs = {};  // of all the heads that ever granted a lease
  std::map<AgentId, std::uint64_t> outputs_seen = {};
  std::map<Sha256, FileRow> files = {};
  std::map<LeaseId, Collected> collected = {};    // of live leases beyond what they have committed
  std::map<JobId, std::uint64_t> logs_upto = {};  // the highest number in each job's log
  std::map<std::uint64_t, EventRow> events = {};
};

inline SpanRows spans_of(const Stored& stored, JobId job) {
  return {stored.spans.lower_bound({job, 0}), stored.spans.upper_bound({job, UINT64_MAX})};
}

}  // namespace pq
