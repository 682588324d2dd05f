// Checks of stored provenance and collected output, as in invariants.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/protocol/messages.h"
#include "daemon/core/rows.h"

namespace pq::core {

// provenance_tiles_done: the parts cover each done span exactly, cover nothing else, and fold to the span's
// value.
Finding provenance_tiles_done(const JobRow& job, const SpanRows& spans, const Provenance& provenance);

// The stored output of one job.
struct OutputKept {
  std::uint64_t bytes = 0;                        // of all runs
  const std::map<LeaseId, Collected>& collected;  // of live leases
};

// collected_bytes_fit: the job's count equals the bytes of its parts and of the commits of its live leases.
// With the bytes that wait for a commit, it equals everything stored.
Finding collected_bytes_fit(const JobRow& job, const SpanRows& spans, const Provenance& provenance,
                            const OutputKept& output);

// values_agree: at most one agent gave two values for one part.
Finding values_agree(const std::map<WorkerId, Suspect>& suspects);

// If two agents gave two values for a part, the program is the cause: why such a job fails.
std::optional<std::string> why_not_deterministic(const std::map<WorkerId, Suspect>& suspects);

// All three checks of `stored`, which was read with everything that pq-verify needs.
std::vector<Finding> examine_provenance(const Stored& stored, JobId job);

}  // namespace pq::core
