#include "daemon/core/scheduling/placement.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace pq::core {
namespace {

std::string labels_text(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& label : labels) text += (text.empty() ? "" : " and ") + label.key + "=" + label.value;
  return text;
}

}  // namespace

std::string in_words(const Unplaced& why) { return why.what + ": " + why.advice; }

// Each demand is looked for among the agents that meet those before it.
std::optional<Unplaced> why_unplaced(const Roster& roster, const Demand& demand) {
  if (roster.places_for(demand) > 0) return std::nullopt;
  std::vector<const Agent*> agents;
  for (const auto& [id, agent] : roster.all()) {
    if (agent.takes_work()) agents.push_back(&agent);
  }
  const auto keep = [&](auto meets) {
    std::erase_if(agents, [&](const Agent* agent) { return !meets(*agent); });
  };
  if (agents.empty()) return Unplaced{"no agent is accepting work", "start pq-agent on a machine"};
  keep([&](const Agent& agent) { return agent.knows(demand.kernel); });
  if (agents.empty()) {
    if (demand.kernel == Kernel::exec)
      return Unplaced{"no agent may run programs", "start pq-agent with --allow-exec"};
    return Unplaced{"no agent computes " + std::string(to_text(demand.kernel)), "install the same pq there"};
  }
  keep([&](const Agent& agent) { return agent.has_labels(demand.require); });
  if (agents.empty()) {
    return Unplaced{"no agent has " + labels_text(demand.require),
                    "pq-agents lists their labels, pq-agent --label adds some"};
  }
  std::uint32_t most = 0;
  for (const Agent* agent : agents) most = std::max(most, agent->row.slots);
  if (most < demand.cpus) {
    return Unplaced{"a step needs " + std::to_string(demand.cpus) +
                        " slots of one agent, and none has more than " + std::to_string(most),
                    "start an agent with more --slots, or submit it with fewer --cpus"};
  }
  keep([&](const Agent& agent) {
    return agent.quarantined_until.has_value() && agent.row.slots >= demand.cpus;
  });
  if (agents.empty()) return std::nullopt;
  return Unplaced{
      "the only agents that could compute it are in quarantine, because programs fail there or their "
      "results are impossible",
      "check " + agents.front()->row.name + ", then restart its agent"};
}

}  // namespace pq::core
