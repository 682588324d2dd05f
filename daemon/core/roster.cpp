#include "daemon/core/roster.h"

#include <algorithm>

#include "daemon/core/limits.h"

namespace pq::core {
namespace {

constexpr std::size_t demands_counted = 32;

std::uint64_t places_on(const Agent& agent, const Demand& demand) {
  return agent.can_compute(demand) ? agent.slots_counted / demand.cpus : 0;
}

}  // namespace

std::optional<PeerId> Agent::peer() const {
  if (const auto* here = std::get_if<Here>(&presence)) return here->peer;
  if (const auto* quiet = std::get_if<Quiet>(&presence)) return quiet->peer;
  return std::nullopt;
}

bool Agent::knows(Kernel kernel) const {
  return std::find(row.kernels.begin(), row.kernels.end(), kernel) != row.kernels.end();
}

bool Agent::has_labels(const std::vector<Label>& labels) const {
  return std::all_of(labels.begin(), labels.end(), [&](const Label& label) {
    return std::find(row.labels.begin(), row.labels.end(), label) != row.labels.end();
  });
}

bool Agent::can_compute(const Demand& demand) const {
  if (quarantined_until && (runs_no_sieves || demand.kernel == Kernel::exec)) return false;
  return knows(demand.kernel) && demand.cpus <= row.slots && has_labels(demand.require);
}

bool Agent::was_replaced(Incarnation incarnation) const {
  return std::find(replaced.begin(), replaced.end(), incarnation) != replaced.end();
}

void Roster::restore(AgentRow row, Instant heard_at, Instant deadline) {
  last_id_ = std::max(last_id_, row.id);
  by_key_and_name_[{row.public_key, row.name}] = row.id;
  Agent& agent = agents_[row.id];
  agent.row = std::move(row);
  agent.worker = worker_of(agent.row.name, agent.row.public_key);
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
  agent.worker = worker_of(name, public_key);
  return &agent;
}

std::uint64_t Roster::places_for(const Demand& demand) const {
  const auto known = places_.find(demand);
  if (known != places_.end()) return known->second;
  std::uint64_t places = 0;
  for (const auto& [id, agent] : agents_) places += places_on(agent, demand);
  if (places_.size() >= demands_counted) places_.clear();
  places_[demand] = places;
  return places;
}

void Roster::recount(Agent& agent) {
  const std::uint32_t counts = agent.takes_work() ? agent.row.slots : 0;
  if (counts == agent.slots_counted) return;
  for (auto& [demand, places] : places_) places -= places_on(agent, demand);
  agent.slots_counted = counts;
  for (auto& [demand, places] : places_) places += places_on(agent, demand);
}

void Roster::discount(Agent& agent) {
  for (auto& [demand, places] : places_) places -= places_on(agent, demand);
  agent.slots_counted = 0;
}

std::optional<std::string> Roster::miscounted() const {
  for (const auto& [id, agent] : agents_) {
    if (agent.slots_counted != 0 && agent.slots_counted != agent.row.slots)
      return "the slots of " + agent.row.name + " are not those that were counted";
  }
  for (const auto& [demand, counted] : places_) {
    std::uint64_t places = 0;
    for (const auto& [id, agent] : agents_) places += places_on(agent, demand);
    if (places != counted) return "the places for a demand are not as many as there are";
  }
  return std::nullopt;
}

void Roster::remove(AgentId id) {
  Agent& agent = agents_.at(id);
  discount(agent);
  by_key_and_name_.erase({agent.row.public_key, agent.row.name});
  agents_.erase(id);
}

}  // namespace pq::core
