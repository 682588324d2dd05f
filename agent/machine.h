// How this machine describes itself: labels by which jobs choose their agents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/values/job.h"

namespace pq::agent {

// On EC2 the firmware holds the instance's id, so nobody must be asked. Elsewhere it is empty.
std::string ec2_instance_id();

std::string host_name();

// A unique name: the host's, as far as it fits and can be typed, and 64 random bits.
std::string drawn_name(const std::string& host, std::uint64_t bits);

// arch, host, os, and the CPUs that it may use; then the cloud's labels; then the given ones. If two labels
// have one key, the later one wins.
std::vector<Label> machine_labels(std::uint32_t cpus, const std::vector<Label>& of_cloud,
                                  const std::vector<Label>& given);

}  // namespace pq::agent
