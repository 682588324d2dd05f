#include "agent/status_line.h"

#include <fmt/format.h>

#include "common/values/text.h"

namespace pq::agent {

std::string status_line(const Doings& doings) {
  std::string line = fmt::format("{} busy of {}", count_of(doings.slots_busy, "slot"), doings.slots);
  if (doings.jobs_without_files > 0)
    line += fmt::format("; waits for files of {}", count_of(doings.jobs_without_files, "job"));
  if (doings.is_draining) line += "; draining";
  if (!doings.trouble.empty()) line += "; " + doings.trouble;
  return line;
}

}  // namespace pq::agent
