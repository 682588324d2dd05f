#include "daemon/core/roster.h"

#include <algorithm>

namespace pq {

bool Agent::can_compute(Kernel kernel) const {
  return std::find(row.kernels.begin(), row.kernels.end(), kernel) != row.kernels.end();
}

bool Agent::was_replaced(Incarnation incarnation) const {
  return std::find(replaced.begin(), replaced.end(), incarnation) != replaced.end();
}

void Roster::restore(AgentRow row, Instant heard_at, Instant deadline) {
  last_id_ = std::max(last_id_, row.id);
  by_key_and_name_[{row.public_key, row.name}] = row.id;
  Agent& agent = agents_[row.id];
  agent.row = std::move(row);
  agent.heard_at = heard_at;
  agent.deadline = deadline;
}

Agent* Roster::find(const std::string& public_key, const std::string& name) {
  const auto place = by_key_and_name_.find({public_key, name});
  return place == by_key_and_name_.end() ? nullptr : &agents_.at(place->second);
}

Agent* Roster::add(const std::string& public_key, const std::string& name) {
  if (agents_.size() >= limits::agents_max) return nullptr;
  last_id_.value += 1;
  by_key_and_name_[{public_key, name}] = last_id_;
  Agent& agent = agents_[last_id_];
  agent.row.id = last_id_;
  agent.row.public_key = public_key;
  agent.row.name = name;
  return &agent;
}

std::uint64_t Roster::slots_for(Kernel kernel) const {
  const auto slots = slots_.find(kernel);
  return slots == slots_.end() ? 0 : slots->second;
}

void Roster::recount(Agent& agent) {
  const std::uint32_t counts = agent.takes_work() ? agent.row.slots : 0;
  if (counts == agent.slots_counted) return;
  for (const Kernel kernel : agent.row.kernels) slots_[kernel] += counts - std::uint64_t{agent.slots_counted};
  agent.slots_counted = counts;
}

void Roster::discount(Agent& agent) {
  for (const Kernel kernel : agent.row.kernels) slots_[kernel] -= agent.slots_counted;
  agent.slots_counted = 0;
}

void Roster::remove(AgentId id) {
  Agent& agent = agents_.at(id);
  discount(agent);
  by_key_and_name_.erase({agent.row.public_key, agent.row.name});
  agents_.erase(id);
}

}  // namespace pq
