#include "daemon/status_line.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "common/values/text.h"

namespace pq::daemon {

std::string status_line(const Queue& queue, const std::string& trouble) {
  std::size_t agents = 0;
  std::uint64_t slots = 0;
  std::uint64_t busy = 0;
  for (const auto& [id, agent] : queue.roster().all()) {
    if (!agent.peer()) continue;
    agents += 1;
    slots += agent.row.slots;
    busy += agent.slots_busy;
  }
  std::string troubles = queue.core().space.is_short() ? "; short of space" : "";
  if (!trouble.empty()) troubles += "; " + trouble;
  const std::size_t running = queue.shares().holders().size();
  const std::size_t waiting = queue.shares().jobs() - running;
  return fmt::format("{} running{}, {}, {} busy of {}{}", count_of(running, "job"),
                     waiting > 0 ? fmt::format(", {} waiting", waiting) : "", count_of(agents, "agent"),
                     count_of(busy, "slot"), slots, troubles);
}

}  // namespace pq::daemon
