// What this machine says of itself: labels by which jobs choose their agents.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/job.h"

namespace pq {

// On EC2 the firmware tells the instance's id, without a question to anybody. Elsewhere it is empty.
std::string ec2_instance_id();

// Its zone and type as EC2's metadata service tells them; whatever it does not tell within a second is left
// out.
std::vector<Label> ec2_labels(const std::string& endpoint);

// arch, host, os, cpus; on EC2, or where `imds_endpoint` is given, zone and instance_type; and those that
// were given, which win.
std::vector<Label> machine_labels(const std::optional<std::string>& imds_endpoint,
                                  const std::vector<Label>& given);

}  // namespace pq
