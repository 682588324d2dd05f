#include "common/values/ids.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace pq {

std::string to_text(const LeaseId& id) { return fmt::format("{:016x}.{}", id.epoch.value, id.counter); }

std::optional<JobId> parse_job(std::string_view digits) {
  JobId job;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, job.value);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == end && job.value != 0;
  return is_number ? std::optional(job) : std::nullopt;
}

}  // namespace pq
