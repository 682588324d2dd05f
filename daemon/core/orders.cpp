#include "daemon/core/orders.h"

#include <chrono>
#include <set>

namespace pq::core {
namespace {

// What an agent must know of a job to compute it.
JobOrder introduction(const Job& job) {
  const JobSpec& spec = job.row.spec;
  return {job.row.id, spec.kernel, spec.fold, spec.range.begin, spec.cpus, spec.program};
}

}  // namespace

Orders orders_for(const Agent& agent, const Core& core) {
  Orders orders;
  orders.epoch = core.fleet.leases().epoch();
  orders.number = agent.orders_number;
  orders.beat_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(core.fleet.beat()).count());
  orders.drain = agent.drain_asked;
  orders.hold_output = core.space.is_short();
  std::set<JobId> introduced;
  const auto introduce = [&](const Job& job, std::uint64_t granted_in) {
    if (granted_in > agent.orders_seen && introduced.insert(job.row.id).second)
      orders.jobs.push_back(introduction(job));
  };
  for (const LeaseId id : agent.leases) {
    const Lease& lease = core.fleet.lease(id);
    const Job& job = core.jobs.at(lease.job);
    orders.leases.push_back({id,
                             lease.job,
                             {lease.begin, job.ledger.end_of(lease.begin)},
                             lease.end_asked,
                             job.ledger.leased_at(lease.begin)->evidence.attempts_failed,
                             false,
                             lease.express_s.has_value()});
    introduce(job, lease.granted_in);
  }
  for (const LeaseId id : agent.copies) {
    const Copy& copy = core.fleet.copies().at(id);
    orders.leases.push_back(
        {.lease = id, .job = copy.job, .range = copy.range, .end_asked = {}, .copy = true});
    introduce(core.jobs.at(copy.job), copy.granted_in);
  }
  return orders;
}

}  // namespace pq::core
