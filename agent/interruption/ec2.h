// Amazon EC2: Spot interruptions two minutes ahead, the state that Auto Scaling plans for the machine, and
// the recommendation to rebalance, which comes earlier and often comes to nothing. Source: Amazon EC2 User
// Guide, "Spot Instance interruption notices" and "EC2 instance rebalance recommendations"; Amazon EC2 Auto
// Scaling User Guide, "Retrieve the target lifecycle state".
#pragma once

#include "agent/interruption/metadata.h"
#include "agent/interruption/source.h"

namespace pq::interruption {

class Ec2Source final : public InterruptionSource {
 public:
  explicit Ec2Source(AskMetadata ask) : imds_(std::move(ask)) {}

  Outlook look(Now now) override;

 private:
  Imds imds_;
};

}  // namespace pq::interruption
