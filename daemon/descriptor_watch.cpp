#include "daemon/descriptor_watch.h"

#include <fmt/format.h>

#include "daemon/limits.h"

namespace pq::daemon {

std::optional<std::string> DescriptorWatch::look(const DescriptorUse& use) {
  const double share = static_cast<double>(use.open) / static_cast<double>(use.max);
  const bool were_scarce = are_scarce_;
  are_scarce_ = share >= (were_scarce ? limits::descriptors_plenty : limits::descriptors_scarce);
  trouble_ = are_scarce_ ? fmt::format("{} of {} descriptors open", use.open, use.max) : "";
  if (are_scarce_ == were_scarce) return std::nullopt;
  if (!are_scarce_) return fmt::format("descriptors are enough again: {} of {} are open", use.open, use.max);
  return fmt::format(
      "descriptors are nearly used up: {} of {} are open, and without any nobody new is let in; raise "
      "LimitNOFILE of the unit (ulimit -n), or end agents and dashboards that nobody needs",
      use.open, use.max);
}

}  // namespace pq::daemon
