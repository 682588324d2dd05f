#include "common/ids.h"

#include <fmt/format.h>

namespace pq {

std::string to_text(const LeaseId& id) { return fmt::format("{:016x}.{}", id.epoch.value, id.counter); }

}  // namespace pq
