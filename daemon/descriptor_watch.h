// Whether this process has nearly used up its descriptors, and the two moments when that begins and ends.
// Each agent, client and browser is one, and without any nobody new is let in. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/os/descriptors.h"

namespace pq::daemon {

class DescriptorWatch {
 public:
  // What to warn of, or that it is over: only when that changes. REQUIRES: use.max > 0.
  std::optional<std::string> look(const DescriptorUse& use);

  bool are_scarce() const { return are_scarce_; }
  // For the line of `systemctl status`; empty: all is well.
  const std::string& trouble() const { return trouble_; }

 private:
  bool are_scarce_ = false;
  std::string trouble_;
};

}  // namespace pq::daemon
