// Which job is first in line for a slot, and which gives one up first, in the order of rank.h: the submitter
// counts first, then the job. One order serves for both, so they never disagree, and what is in balance stays
// as it is. The order is updated job by job: with 10 000 open jobs a grant costs no more than with ten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/job.h"
#include "daemon/core/scheduling/rank.h"
#include "daemon/core/scheduling/share_group.h"

namespace pq::core {

class Shares {
 public:
  // ---- jobs as they are now
  void place(JobId job, const Claim& claim);
  void remove(JobId job);
  const Claim* claim(JobId job) const;
  std::size_t jobs() const { return jobs_.size(); }

  // ---- time: service counts only while some job waits for the slots of others
  void tell_time(Instant now);
  bool are_contended() const;
  // Ranks holders by what they have been served so far. Nobody is kept far ahead of the others, or far
  // behind.
  void count_served();

  // ---- the line
  std::size_t jobs_in_line() const { return counts_.in_line; }
  // Of `slots`, as many as this job can expect if those in line share them.
  double expected_slots(JobId job, double slots) const;
  const std::map<Demand, std::set<GroupPlace>>& lines() const { return lines_; }  // none is empty
  // The jobs of this demand that wait, best first, until `is_enough` of one of them.
  template <class IsEnough>
  void visit_line(const Demand& demand, const IsEnough& is_enough) const;
  std::optional<Rank> first_hungry() const;  // of every demand

  // ---- those with leases that are not leaving
  std::vector<Rank> holders() const;  // best first
  // Those of whom `taker` may take a slot, the last first, until `is_enough` of one of them.
  template <class IsEnough>
  void visit_givers(const Rank& taker, const IsEnough& is_enough) const;
  // The first job that may take a slot of another one: of whomever, or else of its own submitter.
  std::optional<Rank> next_taker() const;

  Rank rank(JobId job) const;
  // Since the last call a job began to wait, or changed its priority.
  bool take_news() { return std::exchange(counts_.news, false); }
  // Which sum of a group is wrong; nullopt: none.
  std::optional<std::string> miscounted() const;

  // ---- for one plan of slots that will become idle
  void promise(JobId job);          // it is ranked as if it had one more lease
  void pass_over(JobId job);        // it was promised all that it can use
  void suppose_leaving(JobId job);  // one more of its leases is leaving
  void forget_promises();

 private:
  struct Entry {
    Claim claim;
    ShareGroupKey group;
    Portion own;  // as listed
    double served_s = 0;
    double counted_at_s = 0;  // on the clock below: the time at which served_s was right
    std::size_t promised = 0;
    std::size_t supposed_leaving = 0;
    bool passed_over = false;
    bool stands_in_line = false;

    std::size_t staying() const { return claim.leases - claim.leaving - supposed_leaving; }
    std::size_t serving() const { return claim.leases * claim.demand.cpus; }
  };

  // A name that has jobs.
  struct Submitter {
    SubmitterId id;
    std::size_t jobs = 0;
  };

  // The groups of one priority. A new one begins with as much service as the least served holder has.
  struct Class {
    double least_served_s = 0;
    std::size_t groups = 0;
    std::size_t groups_in_line = 0;
    std::size_t jobs_in_line = 0;
  };

  struct Counts {
    std::size_t leases = 0;
    std::size_t in_line = 0;
    SubmitterId last_submitter;
    bool news = false;
  };

  void enter(Entry& entry);
  void leave(const Entry& entry);
  void unlist(JobId job, Entry& entry);
  void list(JobId job, Entry& entry);
  void take_out(const ShareGroupKey& key, ShareGroup& group);
  void put_back(const ShareGroupKey& key, ShareGroup& group);
  static void take_out(JobId job, Entry& entry, ShareGroup& group);
  static void put_back(JobId job, Entry& entry, ShareGroup& group);
  void count_served(Entry& entry) const;
  void count_served(ShareGroup& group);
  template <class Change>
  void change(JobId job, const Change& change);

  std::map<JobId, Entry> jobs_;
  std::map<std::string, Submitter> submitters_;
  std::map<ShareGroupKey, ShareGroup> groups_;
  std::map<std::int32_t, Class> classes_;
  std::map<Demand, std::set<GroupPlace>> lines_;
  std::set<GroupPlace> holders_;
  std::set<ShareGroupKey> unbalanced_;  // their first in line may take of their last holder
  Counts counts_;
  std::vector<JobId> promised_;
  double clock_s_ = 0;  // runs while contended
  Instant told_at_;
};

template <class IsEnough>
void Shares::visit_line(const Demand& demand, const IsEnough& is_enough) const {
  const auto line = lines_.find(demand);
  if (line == lines_.end()) return;
  for (const GroupPlace& group : line->second) {
    for (const JobPlace& job : groups_.at(group.key).lines.at(demand)) {
      if (is_enough(rank_of(group, job))) return;
    }
  }
}

template <class IsEnough>
void Shares::visit_givers(const Rank& taker, const IsEnough& is_enough) const {
  bool others_are_seen = false;
  for (auto group = holders_.rbegin(); group != holders_.rend(); ++group) {
    const bool is_own = group->key.submitter == taker.submitter;
    if (!is_own && others_are_seen) continue;
    const std::set<JobPlace>& jobs = groups_.at(group->key).holders;
    for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
      const Rank giver = rank_of(*group, *job);
      if (!may_take(taker, giver)) {
        others_are_seen = others_are_seen || !is_own;
        break;
      }
      if (is_enough(giver)) return;
    }
  }
}

}  // namespace pq::core
