#include "daemon/core/placement.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pq {
namespace {

std::string labels_text(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& label : labels) text += (text.empty() ? "" : " and ") + label.key + "=" + label.value;
  return text;
}

}  // namespace

// Each demand is looked for among the agents that meet those before it.
std::optional<std::string> why_unplaced(const Roster& roster, const Demand& demand) {
  if (roster.places_for(demand) > 0) return std::nullopt;
  std::vector<const Agent*> agents;
  for (const auto& [id, agent] : roster.all()) {
    if (agent.takes_work()) agents.push_back(&agent);
  }
  const auto keep = [&](auto meets) {
    std::erase_if(agents, [&](const Agent* agent) { return !meets(*agent); });
  };
  if (agents.empty()) return "no agent is there that takes work: start pq-agent on some machine";
  keep([&](const Agent& agent) { return agent.knows(demand.kernel); });
  if (agents.empty()) {
    return demand.kernel == Kernel::exec
               ? "no agent may run programs: start pq-agent with --allow-exec"
               : "no agent computes " + std::string(to_text(demand.kernel)) + ": install the same pq there";
  }
  keep([&](const Agent& agent) { return agent.has_labels(demand.require); });
  if (agents.empty()) {
    return "no agent has " + labels_text(demand.require) +
           ": pq-agents lists their labels, pq-agent --label adds some";
  }
  std::uint32_t most = 0;
  for (const Agent* agent : agents) most = std::max(most, agent->row.slots);
  if (most < demand.cpus) {
    return "a step needs " + std::to_string(demand.cpus) + " slots of one agent, and none has more than " +
           std::to_string(most) + ": start an agent with more --slots, or submit it with fewer --cpus";
  }
  keep([&](const Agent& agent) {
    return agent.quarantined_until.has_value() && agent.row.slots >= demand.cpus;
  });
  if (agents.empty()) return std::nullopt;
  return "the only agents that could take it are in quarantine, because programs fail there: look at " +
         agents.front()->row.name + ", then start its agent anew";
}

}  // namespace pq
