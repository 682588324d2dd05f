#include "daemon/core/scheduling/track_records.h"

#include <algorithm>
#include <utility>

#include "daemon/core/limits.h"

namespace pq::core {

bool TrackRecord::is_broken_off() const {
  if (has_succeeded) return failures_in_row >= limits::quarantine_after;
  return failures_in_row >= (cannot_start ? 1 : limits::unproven_failures_max);
}

void TrackRecords::succeed(AgentId agent) {
  any_success_ = true;
  TrackRecord& record = records_[agent];
  const std::vector<AgentId> others = std::exchange(record.agrees_with, {});
  record = TrackRecord{.has_succeeded = true};
  for (const AgentId other : others) {
    if (other != agent) exonerate(other);
  }
}

void TrackRecords::fail(AgentId agent, bool counts, bool cannot_start, const std::vector<AgentId>& failed_on,
                        Instant now) {
  TrackRecord& record = records_[agent];
  for (const AgentId other : failed_on) {
    if (record.agrees_with.size() >= limits::evidence_agents_max) break;
    record.agrees_with.push_back(other);
  }
  failures_ += 1;
  record.failures_in_row += 1;
  record.counted_in_row += counts ? 1 : 0;
  record.cannot_start = cannot_start;
  if (record.is_broken_off()) record.suspended_until = now + limits::suspension_term;
}

void TrackRecords::refute(AgentId agent) {
  const auto record = records_.find(agent);
  if (record != records_.end() && record->second.failures_in_row > 0) record->second.refuted += 1;
}

void TrackRecords::exonerate(AgentId agent) {
  const auto record = records_.find(agent);
  if (record == records_.end()) return;
  record->second = TrackRecord{.has_succeeded = record->second.has_succeeded};
  // From here on it counts as an agent without a result.
  if (!record->second.has_succeeded) records_.erase(record);
}

void TrackRecords::clear() {
  records_.clear();
  any_success_ = false;
  failures_ = 0;
}

const TrackRecord* TrackRecords::find(AgentId agent) const {
  const auto record = records_.find(agent);
  return record == records_.end() ? nullptr : &record->second;
}

bool TrackRecords::might_succeed(AgentId agent) const {
  const TrackRecord* record = find(agent);
  return record == nullptr || record->is_credible();
}

bool TrackRecords::has_succeeded(AgentId agent) const {
  const TrackRecord* record = find(agent);
  return record != nullptr && record->has_succeeded;
}

bool TrackRecords::is_suspended(AgentId agent, Instant at) const {
  const TrackRecord* record = find(agent);
  return record != nullptr && at < record->suspended_until;
}

bool TrackRecords::is_bad(AgentId agent) const {
  const TrackRecord* record = find(agent);
  return record != nullptr && record->refuted > 0 && record->is_broken_off();
}

std::vector<AgentId> TrackRecords::suspects() const {
  std::vector<AgentId> agents;
  for (const auto& [agent, record] : records_) {
    if (!record.has_succeeded && record.refuted > 0) agents.push_back(agent);
  }
  return agents;
}

std::size_t TrackRecords::agents_failed() const {
  return static_cast<std::size_t>(std::count_if(
      records_.begin(), records_.end(), [](const auto& entry) { return entry.second.failures_in_row > 0; }));
}

}  // namespace pq::core
