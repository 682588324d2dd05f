// The order in which jobs get slots and give them up. Higher priority first. Among equals the submitter with
// the fewest slots comes first, then the one served least while slots were short. Among the jobs of one
// submitter it is the job with the fewest slots, and so on. So ten jobs of one person weigh no more than one
// of another. Comparisons only: the state is in shares.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/values/ids.h"
#include "common/values/job.h"

namespace pq::core {

// A number for a submitter's name, while it has jobs here. Who came first has the lower one.
using SubmitterId = Id<struct SubmitterTag>;

// The facts that decide a job's rank.
struct Claim {
  std::int32_t priority = 0;
  Demand demand = {};
  std::size_t leases = 0;
  std::size_t leaving = 0;     // of these: asked to end with their present step, to make room
  bool is_hungry = false;      // it has free spans, and is not paused
  std::string submitter = {};  // empty: not known, as one submitter without a name
  friend bool operator==(const Claim&, const Claim&) = default;
};

// What one has of the slots.
struct Portion {
  std::size_t slots = 0;  // of leases that are not leaving, and promised ones
  double served_s = 0;    // slot-seconds

  friend bool operator<(const Portion& a, const Portion& b);
};

// A job's rank. A smaller rank is better.
struct Rank {
  std::int32_t priority = 0;
  Portion all;  // of the submitter's jobs of this priority
  SubmitterId submitter;
  Portion own;  // of the job
  JobId job;
  std::size_t cpus = 1;  // slots of one lease

  friend bool operator<(const Rank& a, const Rank& b);
};

// The slots of one lease go round in turns: if they changed hands, the taker would have at least as many as
// the giver.
bool is_odd_slot(const Rank& taker, const Rank& giver);

// The giver's turn on an odd slot must be over (Lease::turn_ends): the taker has none.
bool waits_for_turn(const Rank& taker, const Rank& giver);

// Whether `taker` should get a slot of `giver`. Never if `giver` would then be first in line for it again. If
// this is false for the first taker and the last giver, it is false for all of different submitters; likewise
// for the first and the last of one submitter's jobs.
bool may_take(const Rank& taker, const Rank& giver);

}  // namespace pq::core
