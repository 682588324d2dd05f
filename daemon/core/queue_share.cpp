// Jobs that wait while others compute: leases of those that have more than their share are asked to end at
// what they compute now. Nothing is taken away: the holder finishes its step and commits it, and the slot
// goes to the first in line.

#include <algorithm>
#include <utility>

#include "daemon/core/queue.h"
#include "daemon/core/schedule.h"

namespace pq {

// One distribution of slots to come. Those that are leaving already are promised first, then others are asked
// to leave, until the first in line may take nothing from the last holder.
class Queue::Takeover {
 public:
  Takeover(Queue& queue, Now now) : queue_(queue), now_(now) {}

  void run() {
    look_through_leases();
    for (const AgentId agent : leaving_) promise(agent);
    while (looks_left_ > 0 && queue_.shares_.some_may_take()) {
      const Rank* first = queue_.shares_.first_hungry();
      Job& taker = queue_.jobs_.at(first->job);
      if (is_served_beside_others(taker)) continue;
      const std::optional<LeaseId> lease = lease_for(taker);
      if (!lease) {
        queue_.shares_.pass_over(taker.row.id);
        continue;
      }
      queue_.ask_to_leave(*lease, now_);
      queue_.rank_jobs();
      promise_slot(taker);
    }
    queue_.shares_.forget_promises();
  }

 private:
  void look_through_leases() {
    for (const auto& [id, lease] : queue_.leases_.all()) {
      Agent& holder = queue_.roster_.at(lease.agent);
      if (queue_.notice_silence(holder, now_) || !holder.takes_work()) continue;
      if (lease.leaving) {
        leaving_.push_back(lease.agent);
      } else {
        givers_[lease.job].emplace_back(predicted_rest_s(queue_.as_running(lease, now_)), id);
      }
    }
    for (auto& [job, leases] : givers_) std::sort(leases.begin(), leases.end());
    looks_left_ = limits::looks_per_lease * queue_.leases_.all().size();
  }

  // Work that waits, in seconds of one slot, less what slots were promised for.
  double& wanted_s(Job& job) {
    const auto [place, is_new] = wanted_s_.try_emplace(job.row.id);
    if (is_new) place->second = usual_cost(job).per_integer_s * static_cast<double>(job.ledger.free_width());
    return place->second;
  }

  Cost usual_cost(Job& job) {
    const JobSpec& spec = job.row.spec;
    return queue_.speeds(job, now_).usual.value_or(expected_cost(spec.kernel, spec.range.begin));
  }

  // A slot is promised for a step's worth of the job's work. What a short job leaves of its slot's time is
  // the next one's, so that a thousand jobs of 2 ms do not push a thousand leases aside.
  void promise_slot(Job& job) {
    double& wanted = wanted_s(job);
    wanted -= step_s(usual_cost(job));
    queue_.shares_.promise(job.row.id);
    if (wanted > 0) return;
    spare_s_[job.demand] -= wanted;
    queue_.shares_.pass_over(job.row.id);
  }

  void promise(AgentId leaving) {
    Range free;
    constexpr std::uint64_t in_time_all =
        limits::slots_max;  // slots that leave one by one are enough in the end
    while (Job* job = queue_.next_job(queue_.roster_.at(leaving), in_time_all, now_, free)) {
      if (is_served_beside_others(*job)) continue;
      return promise_slot(*job);
    }
  }

  bool is_served_beside_others(Job& job) {
    double& spare = spare_s_[job.demand];
    if (wanted_s(job) > spare) return false;
    spare -= wanted_s(job);
    queue_.shares_.pass_over(job.row.id);
    return true;
  }

  // The longest lease of the last holder that has one on an agent which could compute for `taker`.
  std::optional<LeaseId> lease_for(const Job& taker) {
    const Rank& rank = queue_.shares_.rank(taker.row.id);
    const auto& holders = queue_.shares_.holders();
    for (auto giver = holders.rbegin(); giver != holders.rend() && may_take(rank, *giver); ++giver) {
      const bool waits_for_turn = is_odd_slot(rank, *giver) && rank.slots == 0;
      auto& leases = givers_[giver->job];
      for (auto candidate = leases.rbegin(); candidate != leases.rend(); ++candidate) {
        if (looks_left_ == 0) return std::nullopt;
        --looks_left_;
        const LeaseId id = candidate->second;
        const Lease& lease = *queue_.leases_.find(id);
        if (waits_for_turn && now_.instant < lease.turn_ends) continue;
        if (taker.gathers_on && *taker.gathers_on != lease.agent) continue;
        const Agent& holder = queue_.roster_.at(lease.agent);
        if (!holder.can_compute(taker.demand) || !queue_.free_for(holder, taker, now_)) continue;
        leases.erase(std::next(candidate).base());
        return id;
      }
    }
    return std::nullopt;
  }

  Queue& queue_;
  Now now_;
  std::map<JobId, std::vector<std::pair<double, LeaseId>>> givers_;  // by predicted rest
  std::vector<AgentId> leaving_;                                     // an agent for each of its slots
  std::map<JobId, double> wanted_s_;
  std::map<Demand, double> spare_s_;
  std::size_t looks_left_ = 0;
};

// Whether anybody has more than its share is known without a look at the leases.
void Queue::share_slots(Now now) {
  next_share_ = Instant::never();
  if (!shares_.are_contended()) return;
  if (shares_.take_news()) share_pass_.hear_news();
  if (now.instant >= count_pass_.due()) {
    shares_.count_served();
    count_pass_.made(now.instant, 2 * leases_.all().size(), false);  // two sorted sets are written anew
  }
  next_share_ = count_pass_.due();
  if (!shares_.some_may_take()) return;
  if (now.instant >= share_pass_.due()) {
    Takeover(*this, now).run();
    share_pass_.made(now.instant, leases_.all().size(), false);
  }
  next_share_ = std::min(next_share_, share_pass_.due());
}

// The ask that pause and takeovers share: it is not held back by an earlier one for a higher end.
void Queue::ask_to_leave(LeaseId id, Now now) {
  Lease& lease = *leases_.find(id);
  if (std::exchange(lease.leaving, true)) return;
  Job& job = jobs_.at(lease.job);
  job.leaving += 1;
  unranked_.insert(lease.job);
  ask_to_end(id, job.ledger.leased_at(lease.begin)->upto, now);
}

}  // namespace pq
