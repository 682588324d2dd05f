// Logs of every program: on stderr, one line per event, under systemd without a timestamp.
#pragma once

#include <string>
#include <vector>

#include "common/values/rooms.h"

namespace pq::os {

// The levels of --log-level.
const std::vector<std::string>& log_levels();

// `level`: trace, debug, info, warn, error, off. Throws EnvironmentError (usage) for another word. Use spdlog
// afterwards.
void set_up_log(const std::string& program, const std::string& level);

}  // namespace pq::os
