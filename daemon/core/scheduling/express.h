// Work that need not wait for slots. Each agent has two express places beside its slots. One is for small
// counts: jobs of which less than a second is left and nothing runs. The other is for programs that ask for
// it and end soon. Here is who waits for such a place, what the places hold, and when they take more. Jobs
// that wait here also stand in the line for slots: an idle slot is better.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/job.h"
#include "daemon/core/limits.h"

namespace pq::core {

// What one agent's two places hold. Neither is a slot.
struct ExpressPlaces {
  bool exist = false;          // as its beats say
  std::uint32_t counts = 0;    // leases of small counts: one runs, the others wait for it
  double counts_s = 0;         // what they are expected to take, in all
  std::uint32_t programs = 0;  // leases of programs
  Instant paid_until;          // until then counts have used up their share of a core

  bool has_room_for_count(double expected_s, Instant now) const;
  bool has_room_for_program() const { return exist && programs == 0; }

  void take_count(double expected_s, Instant now);
  void leave_count(double expected_s);
};

// Seconds for the rest of a sieve's job, if that is small; `cost` is of one slot.
std::optional<double> small_count_s(const JobSpec& spec, std::uint64_t rest, const Cost& cost);

// A job's rank among those that wait for an express place. A smaller rank is better.
struct ExpressRank {
  std::int32_t priority = 0;  // higher first
  double turn = 0;            // counts: the shortest first; programs: the longest unserved first
  JobId job;

  friend bool operator<(const ExpressRank& a, const ExpressRank& b);
};

// Jobs that wait, and agents with room, both kept up to date one by one. So with thousands of small jobs or
// agents a grant costs no more than with a few.
class ExpressLine {
 public:
  // ---- jobs that could be computed on an express place
  void place(const Demand& demand, const ExpressRank& rank);
  void remove(JobId job);
  bool is_empty() const { return lines_.empty(); }
  std::vector<Demand> demands() const;
  // The first limits::express_jobs_tried of them.
  std::vector<JobId> first(const Demand& demand) const;
  bool waits(JobId job) const { return jobs_.contains(job); }

  // ---- agents; only those that accept work have places to give
  void note(AgentId agent, bool takes_work, bool runs_programs, const ExpressPlaces& places);
  // Of the agents that can compute it, those limits::express_agents_tried with the least to do there.
  template <class CanCompute>
  std::vector<AgentId> least_busy(Kernel kernel, const CanCompute& can_compute) const;

 private:
  struct Entry {
    Demand demand;
    ExpressRank rank;
  };
  // Its backlog, then how much it computed recently.
  using Load = std::tuple<double, Instant, AgentId>;

  std::map<JobId, Entry> jobs_;
  std::map<Demand, std::set<ExpressRank>> lines_;  // none is empty
  std::map<AgentId, Load> loads_;
  std::set<Load> counters_;
  std::set<AgentId> idle_for_programs_;
};

template <class CanCompute>
std::vector<AgentId> ExpressLine::least_busy(Kernel kernel, const CanCompute& can_compute) const {
  // For one job whose labels few agents have: some ten microseconds. If that finds none, the job waits in the
  // line.
  constexpr std::size_t agents_looked_at = 1024;
  std::vector<AgentId> agents;
  std::size_t looks_left = agents_looked_at;
  const auto take = [&](AgentId agent) {
    if (can_compute(agent)) agents.push_back(agent);
    return --looks_left > 0 && agents.size() < limits::express_agents_tried;
  };
  if (kernel == Kernel::exec) {
    for (auto agent = idle_for_programs_.begin(); agent != idle_for_programs_.end() && take(*agent);) ++agent;
  } else {
    for (auto load = counters_.begin(); load != counters_.end() && take(std::get<AgentId>(*load));) ++load;
  }
  return agents;
}

}  // namespace pq::core
