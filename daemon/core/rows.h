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

// The rows that a turn touched, each as it is at the turn's end; nullopt: it is no more. A job's erasure
// takes its spans along. Touching a row twice costs one write: this is half of what makes the group commit
// fast.
struct Changes {
  std::map<JobId, std::optional<JobRow>> jobs;
  std::map<SpanKey, std::optional<Span>> spans;
  std::map<AgentId, std::optional<AgentRow>> agents;

  bool is_empty() const { return jobs.empty() && spans.empty() && agents.empty(); }
};

// Everything, as the head finds it when it starts.
struct Stored {
  std::map<JobId, JobRow> jobs;
  SpanRows spans;
  std::map<AgentId, AgentRow> agents;
  std::set<Epoch> epochs = {};  // of all the heads that ever granted a lease
};

inline SpanRows spans_of(const Stored& stored, JobId job) {
  return {stored.spans.lower_bound({job, 0}), stored.spans.upper_bound({job, UINT64_MAX})};
}

}  // namespace pq
