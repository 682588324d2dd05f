// Which cloud this machine is in, and what that cloud tells of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/interruption/source.h"
#include "agent/metadata.h"
#include "common/cloud.h"
#include "common/job.h"

namespace pq {

// What the firmware says of this machine, without a question to anybody.
struct Firmware {
  std::string vendor;       // of the system
  std::string product;      // its name
  std::string board_tag;    // on EC2's Nitro machines the instance's id
  std::string chassis_tag;  // Azure's own number
};

Firmware read_firmware();

std::optional<Cloud> cloud_of(const Firmware& firmware);

// By asking each in its own way. nullopt: none answers as it should.
std::optional<Cloud> recognise(const AskMetadata& ask);

// The machine's zone and type; whatever is not told in time is left out.
std::vector<Label> cloud_labels(Cloud cloud, const AskMetadata& ask);

std::unique_ptr<InterruptionSource> source_of(Cloud cloud, AskMetadata ask);

// Of whatever cloud's service it turns out to be that is asked, now or later.
std::unique_ptr<InterruptionSource> source_of_any_cloud(AskMetadata ask);

}  // namespace pq
