// Logs of every program: on stderr, one line an event; under systemd without a time of its own.
#pragma once

#include <string>
#include <vector>

namespace pq {

// What --log-level can be.
const std::vector<std::string>& log_levels();

// `level`: trace, debug, info, warn, error, off. Throws EnvironmentError (usage) for another word. Then use
// spdlog.
void set_up_log(const std::string& program, const std::string& level);

}  // namespace pq
