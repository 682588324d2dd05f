// Which cloud this machine is in, and what that cloud says about it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/interruption/metadata.h"
#include "agent/interruption/source.h"
#include "common/values/cloud.h"
#include "common/values/job.h"

namespace pq::interruption {

// What the firmware says about this machine, without asking a service.
struct Firmware {
  std::string vendor;       // of the system
  std::string product;      // its name
  std::string board_tag;    // on EC2's Nitro machines the instance's id
  std::string chassis_tag;  // Azure's own number
};

Firmware read_firmware();

std::optional<Cloud> cloud_of(const Firmware& firmware);

// Asks each cloud's service in its own way. nullopt: none answers properly.
std::optional<Cloud> recognise(const AskMetadata& ask);

// The machine's zone and type. What the service does not answer in time is left out.
std::vector<Label> cloud_labels(Cloud cloud, const AskMetadata& ask);

std::unique_ptr<InterruptionSource> source_of(Cloud cloud, AskMetadata ask);

// A source for the cloud whose service answers, now or later.
std::unique_ptr<InterruptionSource> source_of_any_cloud(AskMetadata ask);

}  // namespace pq::interruption
