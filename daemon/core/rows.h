// What is stored, as values: the rows that a turn has changed, and all rows as read at the head's start.
#pragma once

#include <compare>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/job.h"
#include "daemon/core/proof/provenance.h"
#include "daemon/core/span.h"
#include "daemon/core/telling/happening.h"

namespace pq::core {

struct SpanKey {
  JobId job;
  std::uint64_t begin = 0;
  friend auto operator<=>(const SpanKey&, const SpanKey&) = default;
};

// A job without its spans. Its progress and its value are not here: they follow from the spans.
struct JobRow {
  JobId id;
  RequestId request;
  std::string submitter = {};  // the name of the key that submitted it; empty: not known
  JobSpec spec;
  JobState state = JobState::queued;
  LeaseCounts leases;
  std::uint64_t recomputed = 0;
  std::uint64_t attempts_failed = 0;
  std::uint64_t failures_forgiven =
      0;  // of these: of an agent in quarantine, or before the job was tried again
  std::uint64_t collected_bytes = 0;  // of what is committed
  std::uint64_t discarded = 0;        // integers that were committed and then discarded
  bool logs_forgotten = false;        // all that were stored when somebody asked, or they were too old
  bool output_forgotten = false;      // `collected_bytes` of it are not stored any more
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

// A file that jobs need, and how much of it is stored.
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

// A piece of the collected output of one run.
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

// How much output of a live lease is stored: all of the runs before `upto`, and `bytes` of the run that
// begins there.
struct Collected {
  std::uint64_t upto = 0;
  std::uint64_t bytes = 0;
  // The ends of stored runs that are not committed, each with its bytes. A commit may end only at one of
  // them.
  std::map<std::uint64_t, std::uint64_t> ends = {};
  std::uint64_t committed_bytes = 0;

  void add(const Range& run, std::uint64_t more_bytes, bool last) {
    bytes += more_bytes;
    if (!last) return;
    upto = run.end;
    ends[upto] = std::exchange(bytes, 0);
  }

  // The lease is committed up to there. Returns the bytes that this commits.
  std::uint64_t commit(std::uint64_t point) {
    std::uint64_t more = 0;
    while (!ends.empty() && ends.begin()->first <= point) {
      more += ends.begin()->second;
      ends.erase(ends.begin());
    }
    committed_bytes += more;
    return more;
  }

  // Runs that begin at `from` or later are no longer stored. `committed`: the lease's committed point.
  void forget(std::uint64_t from, std::uint64_t committed) {
    if (upto >= from) bytes = 0;
    while (!ends.empty()) {
      const auto last = std::prev(ends.end());
      const std::uint64_t begins = last == ends.begin() ? committed : std::prev(last)->first;
      if (begins < from) break;
      ends.erase(last);
      upto = begins;
    }
  }

  // Stored, and not committed.
  std::uint64_t waiting_bytes() const {
    return std::accumulate(ends.begin(), ends.end(), bytes,
                           [](std::uint64_t sum, const auto& end) { return sum + end.second; });
  }
};

// Runs of this lease that begin at `from` or later will not be committed: another agent collects them.
struct OutputsErased {
  JobId job;
  LeaseId lease;
  std::uint64_t from = 0;
};

// Runs of this job that begin within this range no longer count.
struct OutputsDiscarded {
  JobId job;
  Range runs;
};

// The rows that a turn touched, each as it is at the turn's end; nullopt: erase it. Erasing a job erases its
// spans, parts, logs and outputs too; erasing a file erases its parts. A row touched twice is written once:
// this is half of what makes the group commit fast.
struct Changes {
  std::map<JobId, std::optional<JobRow>> jobs;  // all but their programs …
  std::optional<JobId> last_job;      // the highest id that was ever given, before its job is erased
  std::map<JobId, Program> programs;  // … which are written once
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
  std::vector<OutputsDiscarded> outputs_discarded;
  std::map<SpanKey, std::optional<Part>> parts;
  std::map<std::pair<JobId, WorkerId>, Worker> workers;
  std::map<std::pair<JobId, WorkerId>, std::optional<Suspect>> suspects;
  std::map<std::uint64_t, std::optional<EventRow>> events;

  bool is_empty() const {
    return jobs.empty() && !last_job && spans.empty() && agents.empty() && outputs_seen.empty() &&
           files.empty() && file_parts.empty() && logs.empty() && logs_erased_upto.empty() &&
           outputs.empty() && outputs_erased.empty() && outputs_discarded.empty() && parts.empty() &&
           workers.empty() && suspects.empty() && events.empty();
  }
};

// Everything, as the head reads it at its start.
struct Stored {
  std::map<JobId, JobRow> jobs;
  SpanRows spans;
  std::map<AgentId, AgentRow> agents;
  std::set<Epoch> epochs = {};  // of all the heads that ever granted a lease
  JobId last_job = {};          // the highest id of a job that is erased, or a lower one
  std::map<AgentId, std::uint64_t> outputs_seen = {};
  std::map<Sha256, FileRow> files = {};
  std::map<LeaseId, Collected> collected = {};    // of live leases beyond what they have committed
  std::map<JobId, std::uint64_t> logs_upto = {};  // the highest number in each job's log
  std::map<std::uint64_t, EventRow> events = {};
  std::map<std::pair<JobId, WorkerId>, Suspect> suspects = {};
  std::map<JobId, std::size_t> parts_counts = {};  // of jobs that have not ended: restore_queue counts them
  // Only where a job is examined closely (pq-verify), because it may be large.
  std::map<JobId, Provenance> provenance = {};
  std::map<JobId, std::uint64_t> output_bytes = {};  // of all that is stored
};

inline SpanRows spans_of(const Stored& stored, JobId job) {
  return {stored.spans.lower_bound({job, 0}), stored.spans.upper_bound({job, UINT64_MAX})};
}

}  // namespace pq::core
