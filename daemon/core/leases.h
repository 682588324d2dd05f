// The live leases: who holds what, and what was last asked of the holder. The ledger says what a lease is
// worth; everything here is forgotten at a restart, when each stored lease is restored with a fresh term.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "common/ids.h"
#include "common/instant.h"
#include "daemon/core/rows.h"

namespace pq {

struct Lease {
  JobId job;
  std::uint64_t begin = 0;  // its key in the job's ledger
  AgentId agent;
  std::uint32_t cpus = 1;  // slots of its holder
  Collected collected;     // where its job collects what is printed
  // The number of the first Orders that name it. A holder that has seen those and does not list it has
  // dropped it. 0: restored, the holder knows it or never will.
  std::uint64_t granted_in = 0;
  std::optional<UnixMs> granted_unix_ms = {};  // nullopt: restored
  Instant progress_at;                         // when the committed point last moved
  // A lower end that the holder was asked for, in the Orders of this number; one request at a time.
  std::optional<std::uint64_t> end_asked;
  std::uint64_t asked_in = 0;
  bool has_yielded = false;  // it has ended lower than it was granted: counted once
  Instant next_ask;          // a holder that cannot end earlier is not asked again before
  // It was asked to end at what it computes now: its slot is to be another job's, or nobody's.
  bool leaving = false;
  Instant
      turn_ends;  // granted while others waited: until then its slot is not taken for one of equal priority
};

class LeaseTable {
 public:
  explicit LeaseTable(Epoch epoch) : epoch_(epoch) {}

  // A lease id that no head has used before: the epoch is drawn at random for each start of the head.
  LeaseId next_id() { return {epoch_, ++counter_}; }

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

}  // namespace pq
