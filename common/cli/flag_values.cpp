#include "common/cli/flag_values.h"

#include <fmt/format.h>

#include "common/cli/command_line.h"
#include "common/values/duration.h"
#include "common/values/limits.h"
#include "common/values/range.h"
#include "common/values/size.h"
#include "common/values/text.h"

namespace pq::cli {

Duration parse_time(const std::string& flag, const std::string& text, Duration shortest) {
  const auto time = parse_duration(text, shortest);
  if (!time) refuse(flag + ": " + time.error());
  return *time;
}

std::uint64_t parse_size(const std::string& flag, const std::string& text, std::uint64_t least) {
  const auto size = pq::parse_size(text);
  if (!size) refuse(flag + ": " + size.error());
  if (*size < least) refuse(fmt::format("{}: \"{}\" is too small; give at least {}", flag, text, least));
  return *size;
}

std::uint64_t parse_count(const std::string& flag, const std::string& text, std::uint64_t least,
                          std::uint64_t most) {
  const auto count = parse_integer(text);
  const bool is_number = !text.empty() && text.front() >= '0' && text.front() <= '9';
  if (!count && is_number) refuse(flag + ": " + count.error());
  if (!count || *count < least || *count > most)
    refuse(fmt::format("{} {} is not a number from {} to {}", flag, text, least, most));
  return *count;
}

std::string parse_name(const std::string& flag, const std::string& text) {
  if (text.size() > limits::name_bytes_max)
    refuse(fmt::format("{} has {} bytes: give at most {}", flag, text.size(), limits::name_bytes_max));
  if (!is_printable(text))
    refuse(fmt::format("{} {} is not printable text: leave out control characters", flag, text));
  return text;
}

}  // namespace pq::cli
