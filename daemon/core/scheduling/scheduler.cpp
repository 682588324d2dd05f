#include "daemon/core/scheduling/scheduler.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "daemon/core/limits.h"
#include "daemon/core/scheduling/candidates.h"
#include "daemon/core/scheduling/costs.h"
#include "daemon/core/scheduling/schedule.h"

namespace pq::core {
namespace {

// A job whose steps hold several slots would never find them idle at once beside jobs that need one. So one
// agent keeps its idle slots for the job until there are enough. Other agents do not wait for it.
bool gathers_elsewhere(const Core& core, const Job& job, AgentId agent) {
  if (!job.gathers_on || *job.gathers_on == agent) return false;
  const auto other = core.fleet.roster().all().find(*job.gathers_on);
  return other != core.fleet.roster().all().end() && other->second.takes_work() &&
         other->second.can_compute(job.demand);
}

// The first job in line of which this agent can take something.
struct Next {
  const Job* job = nullptr;
  Range free;
  bool begins = true;                // else slots are kept for it until there are enough
  std::vector<Gather> gathers = {};  // jobs that this agent keeps slots for from now on
};

Next next_job(const Core& core, const Agent& agent, std::uint64_t slots, Now now) {
  const Candidates candidates(core, now);
  Next next;
  std::optional<Rank> best;
  for (const auto& [demand, line] : core.shares.lines()) {
    if (!agent.can_compute(demand)) continue;
    const bool begins = demand.cpus <= slots;
    core.shares.visit_line(demand, [&](const Rank& rank) {
      if (best && *best < rank) return true;
      const Job& job = core.jobs.at(rank.job);
      const std::optional<Range> free = candidates.free_for(agent, job);
      if (!free || (!begins && gathers_elsewhere(core, job, agent.row.id))) return false;
      if (!begins && job.gathers_on != agent.row.id) next.gathers.push_back({rank.job, agent.row.id});
      best = rank;
      next.job = &job;
      next.free = *free;
      next.begins = begins;
      return true;
    });
  }
  return next;
}

Range front_of(const Range& free, std::uint64_t width) { return {free.begin, free.begin + width}; }

}  // namespace

// ---------------------------------------------------------------- work for idle slots

SlotPlan plan_slot(const Core& core, AgentId id, Now now) {
  const Agent& agent = core.fleet.at(id);
  SlotPlan plan;
  if (!agent.has_idle_slot()) return plan;
  const Next next = next_job(core, agent, agent.slots_idle(), now);
  plan.decisions.assign(next.gathers.begin(), next.gathers.end());
  plan.slots_are_kept = next.job != nullptr && !next.begins;
  if (next.job == nullptr || plan.slots_are_kept) return plan;
  const JobSpec& spec = next.job->row.spec;
  const Evidence& evidence = next.job->ledger.evidence_at(next.free.begin);
  const double stretch = stretch_of(core.fleet.leases().coming_id());
  std::uint64_t width = Costs(core, now).width(*next.job, agent, next.free, stretch);
  if (is_suspect(spec, evidence)) width = std::min(width, suspect_width(spec, evidence, next.free));
  plan.decisions.push_back(Grant{next.job->row.id, id, front_of(next.free, width)});
  return plan;
}

// ---------------------------------------------------------------- express places

namespace {

// Small counts are granted as a whole, programs for one turn.
std::optional<Grant> grant_express(const Job& job, const Agent& agent, const Range& free, const Cost& cost,
                                   Now now) {
  if (!job.row.spec.program) {
    const auto expected_s = small_count_s(job.row.spec, free.width(), cost);
    if (!expected_s || !agent.express.has_room_for_count(*expected_s, now.instant)) return std::nullopt;
    return Grant{job.row.id, agent.row.id, free, expected_s};
  }
  const double runs = std::max(1.0, seconds(limits::express_turn) / cost.per_integer_s);
  const auto width = static_cast<std::uint64_t>(std::min(runs, static_cast<double>(free.width())));
  const std::uint64_t least_end = free.begin + std::clamp<std::uint64_t>(width, 1, free.width());
  const std::uint64_t end = std::min(run_boundary(job.row.spec, least_end), free.end);
  return Grant{job.row.id, agent.row.id, {free.begin, end}, 0};
}

}  // namespace

Decisions plan_express(const Core& core, const Job& job, Now now) {
  const Candidates candidates(core, now);
  const auto can_compute = [&](AgentId id) { return core.fleet.at(id).can_compute(job.demand); };
  for (const AgentId id : core.fleet.express().least_busy(job.demand.kernel, can_compute)) {
    const Agent& agent = core.fleet.at(id);
    if (core.fleet.is_quiet_by(agent, now.instant)) continue;
    const std::optional<Range> free = candidates.free_for(agent, job);
    // A part that may kill an agent is granted run by run, to slots.
    if (!free || is_suspect(job.row.spec, job.ledger.evidence_at(free->begin))) continue;
    const Cost cost = Costs(core, now).on(agent, job, free->begin);
    if (const auto grant = grant_express(job, agent, *free, cost, now)) return {*grant};
  }
  return {};
}

// ---------------------------------------------------------------- silence near the end

Decisions plan_take_back(const Core& core) {
  std::size_t slots = 0;
  for (const AgentId id : core.fleet.idle()) slots += core.fleet.at(id).slots_idle();
  std::map<Demand, bool> known;
  const auto is_computable = [&](const Demand& demand) {
    const auto [place, is_new] = known.try_emplace(demand);
    if (is_new) {
      const auto& idle = core.fleet.idle();
      place->second = std::any_of(idle.begin(), idle.end(), [&](AgentId id) {
        const Agent& agent = core.fleet.at(id);
        return agent.can_compute(demand) && demand.cpus <= agent.slots_idle();
      });
    }
    return place->second;
  };
  Decisions decisions;
  for (const auto& [id, lease] : core.fleet.leases().all()) {
    if (decisions.size() == slots) break;
    if (!core.fleet.at(lease.agent).is_quiet()) continue;
    const Job& job = core.jobs.at(lease.job);
    if (job.row.state != JobState::paused && is_computable(job.demand)) decisions.push_back(TakeBack{id});
  }
  return decisions;
}

// ---------------------------------------------------------------- splits

Decisions plan_splits(const Core& core, Now now) {
  const Costs costs(core, now);
  std::set<std::pair<double, LeaseId>> longest;
  for (const auto& [id, lease] : core.fleet.leases().all()) {
    if (lease.end_asked || lease.leaving || lease.express_s || now.instant < lease.next_ask) continue;
    if (core.fleet.at(lease.agent).is_quiet()) continue;
    const double rest_s = predicted_rest_s(costs.as_running(lease));
    if (rest_s >= seconds(limits::split_gain_least)) longest.emplace(-rest_s, id);
  }
  Decisions decisions;
  std::size_t looks_left = limits::looks_per_lease * core.fleet.leases().all().size();
  for (const AgentId thief_id : core.fleet.idle()) {
    const Agent& thief = core.fleet.at(thief_id);
    std::uint64_t slots_left = thief.slots_idle();
    for (auto next = longest.begin(); slots_left > 0 && next != longest.end() && looks_left > 0;
         --looks_left) {
      const auto candidate = next++;
      const Lease& lease = core.fleet.lease(candidate->second);
      const Job& job = core.jobs.at(lease.job);
      if (job.demand.cpus > slots_left || !thief.can_compute(job.demand)) continue;
      const auto point = split_point(costs.as_running(lease), costs.on(thief, job, lease.begin));
      if (!point) continue;
      decisions.push_back(AskEnd{candidate->second, *point});
      longest.erase(candidate);
      slots_left -= job.demand.cpus;
    }
  }
  return decisions;
}

// ---------------------------------------------------------------- copies

namespace {

bool may_be_copied(const Core& core, LeaseId id, const Lease& lease) {
  if (lease.express_s) return false;  // it is short, or its program has a limit of seconds
  const Job& job = core.jobs.at(lease.job);
  const auto& copies = core.fleet.copies();
  const bool is_copied = std::any_of(copies.begin(), copies.end(),
                                     [&](const auto& entry) { return entry.second.original == id; });
  if (is_copied || job.collects() || job.row.state == JobState::paused) return false;
  return job.ledger.leased_at(lease.begin)->upto < job.ledger.end_of(lease.begin) &&
         stuck_for(as_stuck(lease, core.jobs, core.fleet)).has_value();
}

}  // namespace

Decisions plan_copies(const Core& core) {
  Decisions decisions;
  std::map<AgentId, std::uint64_t> slots_left;
  for (const AgentId id : core.fleet.idle()) slots_left[id] = core.fleet.at(id).slots_idle();
  if (slots_left.empty()) return decisions;
  for (const auto& [id, lease] : core.fleet.leases().all()) {
    if (!may_be_copied(core, id, lease)) continue;
    const Demand& demand = core.jobs.at(lease.job).demand;
    const AgentId holder = lease.agent;
    const auto taker = std::find_if(slots_left.begin(), slots_left.end(), [&](const auto& entry) {
      return entry.first != holder && demand.cpus <= entry.second &&
             core.fleet.at(entry.first).can_compute(demand);
    });
    if (taker == slots_left.end()) continue;
    decisions.push_back(MakeCopy{id, taker->first});
    taker->second -= lease.cpus;
    if (taker->second == 0) slots_left.erase(taker);
  }
  return decisions;
}

// ---------------------------------------------------------------- takeovers

namespace {

// Plans the slots that will become idle. First it promises those of leases that are leaving already. Then it
// asks more leases to leave, until the first job in line may take nothing from the last holder.
class Takeover {
 public:
  Takeover(const Core& core, Shares& line, Now now)
      : core_(core), line_(line), candidates_(core, now), costs_(core, now), now_(now) {}

  Decisions run() {
    look_through_leases();
    for (const AgentId agent : leaving_) promise(agent);
    while (looks_left_ > 0) {
      const std::optional<Rank> next = line_.next_taker();
      if (!next) break;
      const Job& taker = core_.jobs.at(next->job);
      if (is_served_beside_others(taker)) continue;
      const std::optional<LeaseId> lease = lease_for(taker);
      if (!lease) {
        line_.pass_over(taker.row.id);
        continue;
      }
      decisions_.push_back(AskLeave{*lease});
      line_.suppose_leaving(core_.fleet.lease(*lease).job);
      promise_slot(taker);
    }
    line_.forget_promises();
    return std::move(decisions_);
  }

 private:
  void look_through_leases() {
    for (const auto& [id, lease] : core_.fleet.leases().all()) {
      if (!core_.fleet.at(lease.agent).takes_work() || lease.express_s) continue;
      if (lease.leaving) {
        leaving_.push_back(lease.agent);
      } else {
        givers_[lease.job].emplace_back(predicted_rest_s(costs_.as_running(lease)), id);
      }
    }
    for (auto& [job, leases] : givers_) std::sort(leases.begin(), leases.end());
    looks_left_ = limits::looks_per_lease * core_.fleet.leases().all().size();
  }

  // Seconds of one slot's work that wait, less what slots were promised for.
  double& wanted_s(const Job& job) {
    const auto [place, is_new] = wanted_s_.try_emplace(job.row.id);
    if (is_new)
      place->second = costs_.usual(job).per_integer_s * static_cast<double>(job.ledger.free_width());
    return place->second;
  }

  // Promises a slot for a step's worth of the job's work. If the job is shorter than that, the next job uses
  // the rest of the time. So a thousand jobs of 2 ms do not push a thousand leases aside.
  void promise_slot(const Job& job) {
    double& wanted = wanted_s(job);
    wanted -= step_s(costs_.usual(job));
    line_.promise(job.row.id);
    if (wanted > 0) return;
    spare_s_[job.demand] -= wanted;
    line_.pass_over(job.row.id);
  }

  void promise(AgentId leaving) {
    constexpr std::uint64_t in_time_all =
        limits::slots_max;  // slots that leave one by one are enough in the end
    while (const Job* job = next_job(core_, core_.fleet.at(leaving), in_time_all, now_).job) {
      if (is_served_beside_others(*job)) continue;
      return promise_slot(*job);
    }
  }

  bool is_served_beside_others(const Job& job) {
    double& spare = spare_s_[job.demand];
    if (wanted_s(job) > spare) return false;
    spare -= wanted_s(job);
    line_.pass_over(job.row.id);
    return true;
  }

  // The longest lease of the last holder with a lease on an agent that could compute for `taker`.
  std::optional<LeaseId> lease_for(const Job& taker) {
    const Rank rank = line_.rank(taker.row.id);
    std::optional<LeaseId> found;
    line_.visit_givers(rank, [&](const Rank& giver) {
      found = lease_of(giver, taker, waits_for_turn(rank, giver));
      return found || looks_left_ == 0;
    });
    return found;
  }

  std::optional<LeaseId> lease_of(const Rank& giver, const Job& taker, bool waits_for_turn) {
    auto& leases = givers_[giver.job];
    for (auto candidate = leases.rbegin(); candidate != leases.rend(); ++candidate) {
      if (looks_left_ == 0) return std::nullopt;
      --looks_left_;
      const LeaseId id = candidate->second;
      const Lease& lease = core_.fleet.lease(id);
      if (waits_for_turn && now_.instant < lease.turn_ends) continue;
      if (taker.gathers_on && *taker.gathers_on != lease.agent) continue;
      const Agent& holder = core_.fleet.at(lease.agent);
      if (!holder.can_compute(taker.demand) || !candidates_.free_for(holder, taker)) continue;
      leases.erase(std::next(candidate).base());
      return id;
    }
    return std::nullopt;
  }

  const Core& core_;
  Shares& line_;
  Candidates candidates_;
  Costs costs_;
  Now now_;
  Decisions decisions_;
  std::map<JobId, std::vector<std::pair<double, LeaseId>>> givers_;  // by predicted rest
  std::vector<AgentId> leaving_;                                     // an agent for each of its slots
  std::map<JobId, double> wanted_s_;
  std::map<Demand, double> spare_s_;
  std::size_t looks_left_ = 0;
};

}  // namespace

Decisions plan_takeovers(const Core& core, Shares& line, Now now) { return Takeover(core, line, now).run(); }

}  // namespace pq::core
