#include "daemon/event_log.h"

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "common/values/text.h"

namespace pq::daemon {
namespace {

spdlog::level::level_enum level_of(const Event& event) {
  switch (severity_of(event)) {
    case Severity::info:
      return spdlog::level::info;
    case Severity::warning:
      return spdlog::level::warn;
    case Severity::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void log(const Event& event) {
  const spdlog::level::level_enum level = level_of(event);
  if (!spdlog::should_log(level)) return;
  std::string line(words_for_people(event.what).text);
  if (event.job.value != 0) line += " job=" + std::to_string(event.job.value);
  if (!event.agent.empty()) line += " agent=" + printable(event.agent);
  if (!event.detail.empty()) line += ": " + printable(event.detail);
  spdlog::log(level, "{}", line);
}

}  // namespace pq::daemon
