#include "daemon/core/scheduling/costs.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "daemon/core/limits.h"

namespace pq::core {
namespace {

std::uint64_t step_width_least(const JobSpec& spec) {
  return spec.program ? std::max<std::uint64_t>(1, spec.program->run_width) : 1;
}

// What the holder has in hand, as far as it has reported: the last run of its step, because a slow step ends
// with that run. If it has reported none, everything that is left.
Range run_in_hand(const JobSpec& spec, const Lease& lease, const Range& left) {
  if (!lease.step_end) return left;
  const std::uint64_t end = std::clamp(*lease.step_end, left.begin + 1, left.end);
  const std::uint64_t width = spec.program ? spec.program->run_width : 0;
  if (width == 0) return {left.begin, end};
  return {std::max(left.begin, end - 1 - (end - 1 - spec.range.begin) % width), end};
}

// Rounds to whole runs. A small rest does not get a lease of its own.
std::uint64_t rounded_width(const Job& job, const Range& free, std::uint64_t width) {
  if (free.width() > width && free.width() - width < width / 16) width = free.width();
  const std::uint64_t least_end = width < free.width() ? free.begin + width : free.end;
  return std::min(run_boundary(job.row.spec, least_end), free.end) - free.begin;
}

}  // namespace

const Speeds& Costs::speeds(const Job& job) const {
  if (now_.instant < job.speeds_known_until) return job.speeds;
  std::vector<Measured> measured;
  std::uint64_t places_unmeasured = fleet_.roster().places_for(job.demand);
  for (const AgentId id : job.measured_by) {
    const Agent& agent = fleet_.at(id);
    if (!agent.can_compute(job.demand)) continue;
    const std::uint32_t places = agent.slots_counted / job.demand.cpus;
    measured.push_back({agent.paces.at(job.row.id), places});
    places_unmeasured -= places;
  }
  const Range& range = job.row.spec.range;
  const Cost expected =
      job.usual_before.value_or(expected_cost(job.row.spec.kernel, range.begin + range.width() / 2));
  job.speeds = speeds_of(measured, places_unmeasured, expected);
  job.speeds_known_until = now_.instant + limits::fleet_rate_kept;
  return job.speeds;
}

Cost Costs::on(const Agent& agent, const Job& job, std::uint64_t at) const {
  const auto measured = agent.paces.find(job.row.id);
  if (measured != agent.paces.end()) return measured->second;
  const std::optional<Cost> usual = speeds(job).usual;
  if (usual) return *usual;
  const bool is_sieve = job.row.spec.kernel != Kernel::exec;
  return is_sieve || !job.usual_before ? expected_cost(job.row.spec.kernel, at) : *job.usual_before;
}

Cost Costs::usual(const Job& job) const {
  const JobSpec& spec = job.row.spec;
  return speeds(job).usual.value_or(expected_cost(spec.kernel, spec.range.begin));
}

// The expected cost of an integer grows with its place. So the width is computed twice: with the cost where
// the lease begins, then with the cost where it would end. With others in line a job can expect only its
// share of the slots. So its leases need not be short enough for all of them.
std::uint64_t Costs::width(const Job& job, const Agent& agent, const Range& free, double stretch) const {
  const auto slots = static_cast<double>(fleet_.roster().places_for(job.demand));
  const double expects = shares_.expected_slots(job.row.id, slots);
  WidthFacts facts{.cost = on(agent, job, free.begin),
                   .is_measured = agent.paces.contains(job.row.id),
                   .rest = static_cast<double>(job.ledger.rest()),
                   .fleet_per_s = speeds(job).slot_per_s * expects,
                   .is_alone = expects < 2,
                   .stretch = stretch};
  const std::uint64_t at_most = std::min(lease_width(facts), free.width());
  facts.cost = on(agent, job, free.begin + at_most);
  return rounded_width(job, free, lease_width(facts));
}

Running Costs::as_running(const Lease& lease) const {
  const Job& job = jobs_.at(lease.job);
  const Agent& holder = fleet_.at(lease.agent);
  return {.range = {lease.begin, job.ledger.end_of(lease.begin)},
          .upto = job.ledger.leased_at(lease.begin)->upto,
          .since_commit = now_.instant - lease.progress_at,
          .cost = on(holder, job, lease.begin),
          .same_step = std::max(Duration{0}, holder.heard_at - lease.progress_at),
          .beat = fleet_.beat(),
          .step_width_least = step_width_least(job.row.spec),
          .is_measured = holder.paces.contains(lease.job) || job.usual_before || !job.row.spec.program};
}

Running as_stuck(const Lease& lease, const Jobs& jobs, const Fleet& fleet) {
  const Job& job = jobs.at(lease.job);
  const Agent& holder = fleet.at(lease.agent);
  const auto measured = holder.paces.find(lease.job);
  const bool is_measured = measured != holder.paces.end() || job.usual_before;
  const Cost expected = job.usual_before.value_or(expected_cost(job.row.spec.kernel, lease.begin));
  return {.range = {lease.begin, job.ledger.end_of(lease.begin)},
          .upto = job.ledger.leased_at(lease.begin)->upto,
          .cost = measured != holder.paces.end() ? measured->second : expected,
          .same_step = std::max(Duration{0}, holder.heard_at - lease.progress_at),
          .beat = fleet.beat(),
          .step_width_least = step_width_least(job.row.spec),
          .is_measured = is_measured || !job.row.spec.program};
}

std::optional<StuckStep> stuck_step(const Job& job, const Jobs& jobs, const Fleet& fleet) {
  std::optional<StuckStep> longest;
  for (const auto& [begin, span] : job.ledger.spans()) {
    const auto* leased = std::get_if<Leased>(&span.state);
    if (leased == nullptr) continue;
    const Lease& lease = fleet.lease(leased->lease);
    const auto stuck = stuck_for(as_stuck(lease, jobs, fleet));
    if (!stuck) continue;
    const auto ms =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(*stuck).count());
    if (longest && longest->ms >= ms) continue;
    longest = StuckStep{run_in_hand(job.row.spec, lease, {leased->upto, span.end}),
                        fleet.at(leased->agent).row.name, ms};
  }
  return longest;
}

// A small count is granted as a whole, so it waits for a place only while nothing of it runs. The rest of a
// program with --express takes turns with others.
std::optional<ExpressRank> express_rank(const Job& job) {
  const JobSpec& spec = job.row.spec;
  if (spec.program) {
    if (!spec.program->express) return std::nullopt;
    return ExpressRank{spec.priority, static_cast<double>(job.express_turn), job.row.id};
  }
  if (job.ledger.leases() > 0) return std::nullopt;
  // The cost that was last measured; else the kernel's expectation at the job's end, where it is highest.
  const Cost cost = job.usual_before.value_or(expected_cost(spec.kernel, spec.range.end));
  const auto expected_s = small_count_s(spec, job.ledger.rest(), cost);
  if (!expected_s) return std::nullopt;
  return ExpressRank{spec.priority, *expected_s, job.row.id};
}

}  // namespace pq::core
