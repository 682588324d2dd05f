#include "daemon/core/scheduling/express.h"

#include <algorithm>

#include "daemon/core/limits.h"

namespace pq::core {

// ---------------------------------------------------------------- places

// The backlog bounds how long the last count waits. The share of a core bounds what all counts together take
// from the slots.
bool ExpressPlaces::has_room_for_count(double expected_s, Instant now) const {
  if (!exist || counts >= limits::express_counts_max) return false;
  if (counts_s + expected_s > seconds(limits::express_backlog_max)) return false;
  const double owed_s = std::max(0.0, seconds(paid_until - now)) / limits::express_core_parts;
  return owed_s + expected_s <= seconds(limits::express_burst);
}

void ExpressPlaces::take_count(double expected_s, Instant now) {
  counts += 1;
  counts_s += expected_s;
  paid_until = std::max(paid_until, now) + from_seconds(expected_s * limits::express_core_parts);
}

// Without leases the sum is set to zero: adding and subtracting fractions would leave a small rest.
void ExpressPlaces::leave_count(double expected_s) {
  counts -= 1;
  counts_s = counts == 0 ? 0 : std::max(0.0, counts_s - expected_s);
}

std::optional<double> small_count_s(const JobSpec& spec, std::uint64_t rest, const Cost& cost) {
  if (spec.kernel == Kernel::exec || spec.cpus > 1) return std::nullopt;
  const double expected_s = cost.seconds(static_cast<double>(rest));
  if (!(expected_s < seconds(limits::express_longest))) return std::nullopt;
  return expected_s;
}

bool operator<(const ExpressRank& a, const ExpressRank& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.turn != b.turn) return a.turn < b.turn;
  return a.job < b.job;
}

// ---------------------------------------------------------------- jobs

void ExpressLine::place(const Demand& demand, const ExpressRank& rank) {
  remove(rank.job);
  lines_[demand].insert(rank);
  jobs_.insert_or_assign(rank.job, Entry{demand, rank});
}

void ExpressLine::remove(JobId job) {
  const auto place = jobs_.find(job);
  if (place == jobs_.end()) return;
  const auto line = lines_.find(place->second.demand);
  line->second.erase(place->second.rank);
  if (line->second.empty()) lines_.erase(line);
  jobs_.erase(place);
}

std::vector<Demand> ExpressLine::demands() const {
  std::vector<Demand> demands;
  for (const auto& [demand, line] : lines_) demands.push_back(demand);
  return demands;
}

std::vector<JobId> ExpressLine::first(const Demand& demand) const {
  std::vector<JobId> jobs;
  const auto line = lines_.find(demand);
  if (line == lines_.end()) return jobs;
  for (const ExpressRank& rank : line->second) {
    if (jobs.size() == limits::express_jobs_tried) break;
    jobs.push_back(rank.job);
  }
  return jobs;
}

// ---------------------------------------------------------------- agents

void ExpressLine::note(AgentId agent, bool takes_work, bool runs_programs, const ExpressPlaces& places) {
  const bool is_open = takes_work && places.exist;
  if (is_open && runs_programs && places.has_room_for_program()) {
    idle_for_programs_.insert(agent);
  } else {
    idle_for_programs_.erase(agent);
  }
  const Load load{places.counts_s, places.paid_until, agent};
  const auto known = loads_.find(agent);
  if (known != loads_.end()) {
    if (is_open && known->second == load) return;  // true after most beats
    counters_.erase(known->second);
    loads_.erase(known);
  }
  if (!is_open) return;
  loads_.emplace(agent, load);
  counters_.insert(load);
}

}  // namespace pq::core
