#include "daemon/core/span.h"

#include <algorithm>

namespace pq::core {

bool Evidence::has_failed_on(AgentId agent) const {
  return std::find(failed_on.begin(), failed_on.end(), agent) != failed_on.end();
}

bool Evidence::was_lost_on(AgentId agent) const {
  return std::find(lost_on.begin(), lost_on.end(), agent) != lost_on.end();
}

int Evidence::against(AgentId agent) const {
  const bool failed = has_failed_on(agent);
  return (was_lost_on(agent) ? 1 : 0) + (failed ? 2 : 0) + (failed && failed_on.back() == agent ? 4 : 0);
}

}  // namespace pq::core
