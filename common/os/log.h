// Logs of every program: on stderr, one line an event; under systemd without a time of its own.
#pragma once

#include <string>

namespace pq {

// `level`: trace, debug, info, warn, error, off. Throws EnvironmentError (usage) for another word. Then use
// spdlog.
void set_up_log(const std::string& program, const std::string& level);

}  // namespace pq
