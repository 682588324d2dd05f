// Which job stands first in line for a slot, and which last in the right to keep one. Higher priority first;
// among equals the one with the fewest slots, then the one that was served least while they had to share,
// then the oldest. The same order serves for grants and for who gives up a slot, so the two never disagree
// and what is in balance stays as it is. Kept up to date job by job: with 10 000 jobs open a grant costs no
// more than with ten.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/instant.h"
#include "common/job.h"

namespace pq {

// What a job's place follows from.
struct Claim {
  std::int32_t priority = 0;
  Demand demand = {};
  std::size_t leases = 0;
  std::size_t leaving = 0;  // of these: asked to end at what they compute now, to make room
  bool is_hungry = false;   // it has free spans, and is not paused
  friend bool operator==(const Claim&, const Claim&) = default;
};

// A job's place. A smaller rank is a better one.
struct Rank {
  std::int32_t priority = 0;
  std::size_t slots = 0;  // of leases that are not leaving, and those that it was promised
  double served_s = 0;    // slot-seconds
  JobId job;
  std::size_t cpus = 1;  // slots of one lease

  friend bool operator<(const Rank& a, const Rank& b);
};

// The slots of one lease go round: once they have changed hands, the taker has no fewer than the giver.
bool is_odd_slot(const Rank& taker, const Rank& giver);

// Whether a slot of `giver` should become one of `taker`. Never if `giver` would then be first in line for it
// again. What is false for the first taker and the last giver is
// false for all.
bool may_take(const Rank& taker, const Rank& giver);

class Shares {
 public:
  // ---- jobs as they are now
  void place(JobId job, const Claim& claim);
  void remove(JobId job);
  const Claim* claim(JobId job) const;
  std::size_t jobs() const { return jobs_.size(); }

  // ---- time: what is served counts only while some job waits for the slots of others
  void tell_time(Instant now);
  bool are_contended() const;
  // Ranks holders by what they have been served by now; nobody is kept far ahead of the others or behind.
  void count_served();

  // ---- the line
  bool any_hungry() const { return hungry_count_ > 0; }
  std::size_t in_line(std::int32_t priority) const;       // of this priority or a higher one
  bool others_wait() const { return hungry_count_ > 1; }  // than a first one
  const std::map<Demand, std::set<Rank>>& lines() const { return hungry_; }  // best first; none is empty
  const Rank* first_hungry() const;                                          // of every demand
  const std::set<Rank>& holders() const { return holders_; }                 // of leases that are not leaving
  bool some_may_take() const;  // the first in line, from the last holder
  const Rank& rank(JobId job) const { return jobs_.at(job).rank; }
  // A job that came to wait, or to another priority, since this was last asked.
  bool take_news() { return std::exchange(news_, false); }

  // ---- for the length of one distribution of slots that are still to come
  void promise(JobId job);    // it is ranked as if it had one more lease
  void pass_over(JobId job);  // it has been promised all that it can use
  void forget_promises();

 private:
  struct Entry {
    Claim claim;
    Rank rank;
    double served_s = 0;
    double counted_at_s = 0;  // on the clock below: served_s is right at that time
    std::size_t promised = 0;
    bool passed_over = false;
    bool stands_in_line = false;
    bool is_holder = false;
  };

  // Of one priority. A newcomer begins where the least served of those that hold slots is by now.
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

}  // namespace pq
