// Which slots and express places compute, and for which lease. A step holds its slots until its result is
// here, also when it was given up: its result is of no use then, and its lease may have another step already.
// At most one step of a lease is not given up. A slot is named by the first of those that its step holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/kernel.h"

namespace pq::agent {

class SlotBoard {
 public:
  SlotBoard(std::uint32_t slots, bool has_express);

  std::uint32_t slots() const { return slots_; }
  bool has_express() const { return is_busy_.size() > slots_; }
  // Without the express places.
  std::size_t slots_busy() const;

  // A step of this lease begins on `count` idle slots, at least one. Returns the first of them; nothing: not
  // so many are idle. REQUIRES: no other step of the lease runs that is not given up.
  std::optional<std::uint32_t> begin(LeaseId lease, std::uint32_t count, Instant now);
  // The same on the express place of this kernel. REQUIRES: has_express().
  std::optional<std::uint32_t> begin_express(LeaseId lease, Kernel kernel, Instant now);
  // The result of this slot's step is here.
  void free(std::uint32_t slot);

  // The slot that computes this lease; nothing: none does, or its result is no longer needed.
  std::optional<std::uint32_t> slot_of(LeaseId lease) const;
  // The same the other way round.
  std::optional<LeaseId> lease_on(std::uint32_t slot) const;
  // The leases whose steps have run for at least so long, and are not given up.
  std::vector<LeaseId> running_for(Duration time, Instant now) const;

  // The step of this lease, if it has one, is no longer needed.
  void give_up(LeaseId lease);
  // The step of this lease must begin no further run. REQUIRES: slot_of(lease).
  void curtail(LeaseId lease);

  // The slots whose step is no longer needed, each returned once. They stay busy until it is finished.
  std::vector<std::uint32_t> next_abandoned() { return std::exchange(abandoned_, {}); }
  // The slots whose step must begin no further run, each returned once. The rest of the step was asked for.
  std::vector<std::uint32_t> next_curtailed() { return std::exchange(curtailed_, {}); }

 private:
  // What a slot computes, and which slots that holds.
  struct Running {
    LeaseId lease;
    std::vector<std::uint32_t> slots;
    Instant began;
    bool is_given_up = false;
  };

  std::optional<std::uint32_t> occupy(LeaseId lease, std::vector<std::uint32_t> slots, Instant now);

  std::uint32_t slots_;
  std::vector<bool> is_busy_;                 // the slots, then the express places
  std::map<std::uint32_t, Running> running_;  // by the first of its slots
  std::vector<std::uint32_t> abandoned_;      // of those, not returned yet
  std::vector<std::uint32_t> curtailed_;      // the same
};

}  // namespace pq::agent
