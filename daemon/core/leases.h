// The live leases: who holds what, and what was last asked of the holder. The ledger knows what a lease has
// committed. A restart forgets everything here, and restores each stored lease with a fresh term.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/range.h"
#include "daemon/core/rows.h"

namespace pq::core {

struct Lease {
  JobId job;
  std::uint64_t begin = 0;  // its key in the job's ledger
  AgentId agent;
  std::uint32_t cpus = 1;                // slots of its holder; none on an express place
  std::optional<double> express_s = {};  // on an express place: the seconds that it is expected to take
  bool runs_program = false;             // on an express place
  Collected collected;                   // output stored for it, if its job collects
  // The number of the first Orders that name it. A holder that has seen those and does not list the lease has
  // dropped it. 0: restored; the holder knows it already or never will.
  std::uint64_t granted_in = 0;
  std::optional<UnixMs> granted_unix_ms = {};  // nullopt: restored
  Instant progress_at;                         // when the committed point last moved
  std::optional<std::uint64_t> step_end = {};  // the end of the holder's present step, as last reported
  bool is_suspect = false;                     // agents were lost with it before: an agent holds one at most
  // A lower end that the holder was asked for, in the Orders of this number. There is one request at a time.
  std::optional<std::uint64_t> end_asked;
  std::uint64_t asked_in = 0;
  // The holder has seen the request for this end. It must declare that end, or compute past it.
  std::optional<std::uint64_t> end_owed = {};
  int beats_owed = 0;
  bool has_yielded = false;  // it ended lower than granted; counted once
  Instant next_ask;          // a holder that cannot end earlier is not asked before this
  // It was asked to end with its present step: another job gets its slot, or nobody.
  bool leaving = false;
  Instant
      turn_ends;  // granted while others waited: until then its slot is not taken for one of equal priority
};

// A second computation of a lease whose holder is stuck, by an idle slot. Nothing of it counts until it is
// complete. Copies are not stored: after a restart there are none.
struct Copy {
  LeaseId original;
  JobId job;
  Range range;  // from the original's committed point to its end
  AgentId agent;
  std::uint32_t cpus = 1;
  std::uint64_t granted_in = 0;  // as in Lease
};

class LeaseTable {
 public:
  explicit LeaseTable(Epoch epoch) : epoch_(epoch) {}

  Epoch epoch() const { return epoch_; }

  // A lease id that no head has used before: each start of the head draws a random epoch.
  LeaseId next_id() { return {epoch_, ++counter_}; }
  LeaseId coming_id() const { return {epoch_, counter_ + 1}; }

  void add(LeaseId id, const Lease& lease);
  void remove(LeaseId id);
  Lease* find(LeaseId id);
  const Lease* find(LeaseId id) const;
  const std::map<LeaseId, Lease>& all() const { return leases_; }

 private:
  Epoch epoch_;
  std::uint64_t counter_ = 0;
  std::map<LeaseId, Lease> leases_;
};

}  // namespace pq::core
