// The jobs of one submitter and one priority: how many slots they have together, and their order among
// themselves. shares.h has the order of such groups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "common/values/ids.h"
#include "common/values/job.h"
#include "daemon/core/scheduling/rank.h"

namespace pq::core {

struct ShareGroupKey {
  SubmitterId submitter;
  std::int32_t priority = 0;
  friend auto operator<=>(const ShareGroupKey&, const ShareGroupKey&) = default;
};

// A group's place among the groups. A smaller one is better.
struct GroupPlace {
  ShareGroupKey key;
  Portion all;
  friend bool operator<(const GroupPlace& a, const GroupPlace& b) {
    return Rank{a.key.priority, a.all, a.key.submitter, {}, {}} <
           Rank{b.key.priority, b.all, b.key.submitter, {}, {}};
  }
};

// A job's place in its group.
struct JobPlace {
  Portion own;
  JobId job;
  std::size_t cpus = 1;
  friend bool operator<(const JobPlace& a, const JobPlace& b) {
    return Rank{0, {}, {}, a.own, a.job} < Rank{0, {}, {}, b.own, b.job};
  }
};

struct ShareGroup {
  std::size_t jobs = 0;
  std::size_t jobs_in_line = 0;
  Portion all = {};           // of its jobs as they are listed
  std::size_t serving = 0;    // slots of its leases, of leaving ones too
  double counted_at_s = 0;    // on the clock of shares.h: the time at which all.served_s was right
  double least_served_s = 0;  // a new job begins with as much service as the least served holder has
  bool is_listed = false;     // among the groups
  std::map<Demand, std::set<JobPlace>> lines = {};  // jobs that wait, best first; none is empty
  std::set<JobPlace> holders = {};                  // of leases that are not leaving

  const JobPlace* first_in_line() const {
    const JobPlace* first = nullptr;
    for (const auto& [demand, line] : lines) {
      if (first == nullptr || *line.begin() < *first) first = &*line.begin();
    }
    return first;
  }
};

// If two were served alike, the one without a slot is first.
inline Portion as_listed(std::size_t slots, double served_s) {
  constexpr double holder_behind_s = 1e-3;
  return {slots, served_s + (slots > 0 ? holder_behind_s : 0)};
}

inline GroupPlace place_of(const ShareGroupKey& key, const ShareGroup& group) {
  return {key, as_listed(group.all.slots, group.all.served_s)};
}

inline Rank rank_of(const GroupPlace& group, const JobPlace& job) {
  return {group.key.priority, group.all, group.key.submitter, job.own, job.job, job.cpus};
}

}  // namespace pq::core
