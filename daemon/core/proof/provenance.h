// Who has computed what. Each lease that ends leaves a part: its range, its value and its holder. The parts
// of a job tile what is done of it. So a bad machine costs only its own work: its parts are computed again,
// and the total is folded again from the others. Parts are stored and not kept in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/values/ids.h"
#include "common/values/value.h"

namespace pq::core {

// Its begin is its key.
struct Part {
  std::uint64_t end = 0;
  std::optional<LeaseId> lease;    // nullopt: joined from several, or older than provenance
  std::vector<WorkerId> workers;   // in order; empty: unknown
  std::optional<Value> value;      // none where the job's fold is `none`
  std::uint64_t output_bytes = 0;  // collected of it
};

using Parts = std::map<std::uint64_t, Part>;

struct Worker {
  std::string name;
  std::string public_key;
};

// Of one job.
struct Provenance {
  Parts parts;  // by begin
  std::map<WorkerId, Worker> workers;
};

// An agent that reported impossible values for a job.
struct Suspect {
  std::string name;
  bool contradicts = false;        // two values for the same part; else an impossible value
  std::string what;                // "-7 for [10, 20), which …"
  bool must_be_discarded = false;  // its parts, which still count
};

WorkerId worker_of(std::string_view name, std::string_view public_key);

// Whether one of `workers` may have computed it.
template <class Workers>
bool may_be_of(const Part& part, const Workers& workers) {
  for (const WorkerId worker : part.workers) {
    if (workers.contains(worker)) return true;
  }
  return part.workers.empty();
}

// Fewer parts, at most `count_max` if possible. Neighbours are joined: first those of the same workers, then
// any. Gaps, and values whose fold does not fit, keep parts apart.
Parts joined(Parts parts, Fold how, std::size_t count_max);

// Both as one part, if possible. REQUIRES: `right` begins where `left` ends.
std::optional<Part> joined(const Part& left, const Part& right, Fold how);

}  // namespace pq::core
