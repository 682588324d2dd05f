// What happens to leases: they begin, are asked to end, end, are lost, are handed over. Each change goes
// through the job's ledger, which guards the total. This class keeps everything else consistent with the
// ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/core.h"

namespace pq::core {

class Leasing {
 public:
  explicit Leasing(Turn& turn) : core_(turn.core), now_(turn.now), effects_(turn.effects) {}

  // ---- they begin
  // REQUIRES: `range` is the front of a free span of the job. `express_s`: the lease is on an express place,
  // and is expected to take that long.
  void begin(JobId job, AgentId agent, const Range& range, std::optional<double> express_s = std::nullopt);
  // A lease that holds a slot moves to an express place.
  void put_beside_slots(LeaseId id, double expected_s);

  // ---- they are asked
  // The holder is asked once. Until it has answered, and for a while after, it is asked for no other split.
  void ask_to_end(LeaseId id, std::uint64_t end);
  // Asks it to end with its present step, for another job or for nobody, even if an earlier request is open.
  void ask_to_leave(LeaseId id);

  // ---- they end
  // What was committed is done, the rest is free.
  void release(LeaseId id);
  // The ledger has ended this lease; its holder no longer has it.
  void drop(LeaseId id);
  // The holder is lost. What it committed is done; what it computes beyond that is computed twice.
  void lose(LeaseId id, const std::string& why);
  void lose_all(Agent& agent, const std::string& why);
  // The lease is over, and its commits no longer count. Returns how many integers they were.
  std::uint64_t take_back(LeaseId id);

  // ---- what is collected of them
  // The stored output of these runs counts from now on.
  void note_committed(Lease& lease, std::uint64_t upto);
  // The lease goes no further, whatever its agent has sent. Others will collect the rest.
  void forget_output(LeaseId id, std::uint64_t from);

  // ---- copies
  void drop_copies_of(LeaseId original);
  // The copy is complete: the original ends at its committed point, and this lease takes its place.
  void hand_over(LeaseId copy);

  // ---- agents that are lost
  void count_loss(Agent& agent);

 private:
  void note_part(const Lease& lease, LeaseId id, const Agent& agent);
  bool is_sudden(const Agent& agent, const Job& job) const;
  std::optional<Range> blame(const Lease& lease, const Agent& agent, Job& job);

  Core& core_;
  Now now_;
  Effects& effects_;
};

}  // namespace pq::core
