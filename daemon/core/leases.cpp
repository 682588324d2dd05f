#include "daemon/core/leases.h"

#include "common/values/check.h"

namespace pq::core {

void LeaseTable::add(LeaseId id, const Lease& lease) {
  check(leases_.emplace_hint(leases_.end(), id, lease)->second.begin == lease.begin,
        "lease_ids_never_repeat");
}

void LeaseTable::remove(LeaseId id) { check(leases_.erase(id) == 1, "only a live lease ends"); }

Lease* LeaseTable::find(LeaseId id) {
  const auto place = leases_.find(id);
  return place == leases_.end() ? nullptr : &place->second;
}

const Lease* LeaseTable::find(LeaseId id) const {
  const auto place = leases_.find(id);
  return place == leases_.end() ? nullptr : &place->second;
}

}  // namespace pq::core
