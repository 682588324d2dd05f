// What this machine says of itself: labels by which jobs choose their agents.
#pragma once

#include <string>
#include <vector>

#include "common/job.h"

namespace pq {

// On EC2 the firmware tells the instance's id, without a question to anybody. Elsewhere it is empty.
std::string ec2_instance_id();

// arch, host, os, cpus; those of its cloud; and those that were given. Of two of one key the later one wins.
std::vector<Label> machine_labels(const std::vector<Label>& of_cloud, const std::vector<Label>& given);

}  // namespace pq
