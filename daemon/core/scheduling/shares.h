// Which job is first in line for a slot, and which gives one up first. Higher priority first; among equals
// the one with the fewest slots, then the one served least while slots were short, then the oldest. One order
// serves for both, so they never disagree, and what is in balance stays as it is. The order is updated job by
// job: with 10 000 open jobs a grant costs no more than with ten.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/job.h"

namespace pq::core {

// The facts that decide a job's rank.
struct Claim {
  std::int32_t priority = 0;
  Demand demand = {};
  std::size_t leases = 0;
  std::size_t leaving = 0;  // of these: asked to end with their present step, to make room
  bool is_hungry = false;   // it has free spans, and is not paused
  friend bool operator==(const Claim&, const Claim&) = default;
};

// A job's rank. A smaller rank is better.
struct Rank {
  std::int32_t priority = 0;
  std::size_t slots = 0;  // of leases that are not leaving, and promised ones
  double served_s = 0;    // slot-seconds
  JobId job;
  std::size_t cpus = 1;  // slots of one lease

  friend bool operator<(const Rank& a, const Rank& b);
};

// The slots of one lease go round in turns: if they changed hands, the taker would have at least as many as
// the giver.
bool is_odd_slot(const Rank& taker, const Rank& giver);

// Whether `taker` should get a slot of `giver`. Never if `giver` would then be first in line for it again. If
// this is false for the first taker and the last giver, it is false for all.
bool may_take(const Rank& taker, const Rank& giver);

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
  // Ranks holders by what they have been served so far. No job is kept far ahead of the others, or far
  // behind.
  void count_served();

  // ---- the line
  bool any_hungry() const { return hungry_count_ > 0; }
  std::size_t in_line(std::int32_t priority) const;       // of this priority or a higher one
  bool others_wait() const { return hungry_count_ > 1; }  // beside the first one
  const std::map<Demand, std::set<Rank>>& lines() const { return hungry_; }  // best first; none is empty
  const Rank* first_hungry() const;                                          // of every demand
  const std::set<Rank>& holders() const { return holders_; }                 // of leases that are not leaving
  bool some_may_take() const;  // the first in line from the last holder
  const Rank& rank(JobId job) const { return jobs_.at(job).rank; }
  // Since the last call a job began to wait, or changed its priority.
  bool take_news() { return std::exchange(news_, false); }

  // ---- for one plan of slots that will become idle
  void promise(JobId job);          // it is ranked as if it had one more lease
  void pass_over(JobId job);        // it was promised all that it can use
  void suppose_leaving(JobId job);  // one more of its leases is leaving
  void forget_promises();

 private:
  struct Entry {
    Claim claim;
    Rank rank;
    double served_s = 0;
    double counted_at_s = 0;  // on the clock below: the time at which served_s was right
    std::size_t promised = 0;
    std::size_t supposed_leaving = 0;
    bool passed_over = false;
    bool stands_in_line = false;
    bool is_holder = false;

    std::size_t staying() const { return claim.leases - claim.leaving - supposed_leaving; }
  };

  // The jobs of one priority. A new job begins with as much service as the least served holder has.
  struct Class {
    double least_served_s = 0;
    std::size_t jobs = 0;
    std::size_t in_line = 0;
  };

  void enter_class(Entry& entry);
  void leave_class(const Entry& entry);
  void unlist(Entry& entry);
  void list(Entry& entry);
  void count_served(Entry& entry) const;

  std::map<JobId, Entry> jobs_;
  std::map<std::int32_t, Class> classes_;
  std::map<Demand, std::set<Rank>> hungry_;
  std::size_t hungry_count_ = 0;
  std::set<Rank> holders_;
  std::size_t leases_ = 0;  // of all jobs
  std::vector<JobId> promised_;
  bool news_ = false;
  double clock_s_ = 0;  // runs while contended
  Instant told_at_;
};

}  // namespace pq::core
