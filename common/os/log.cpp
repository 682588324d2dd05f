#include "common/os/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "common/values/errors.h"

namespace pq::os {

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> levels = {"trace", "debug", "info", "warn", "error", "off"};
  return levels;
}

void set_up_log(const std::string& program, const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") {
    throw EnvironmentError("--log-level " + level + " is not one of trace, debug, info, warn, error, off",
                           ExitStatus::usage);
  }
  auto logger =
      std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>());
  const bool under_systemd = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(under_systemd ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e %n %^%l%$: %v");
  logger->set_level(parsed);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace pq::os
