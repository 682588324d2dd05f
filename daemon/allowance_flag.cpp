#include "daemon/allowance_flag.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "common/cli/command_line.h"
#include "common/cli/flag_values.h"

namespace pq::daemon {
namespace {

constexpr std::string_view every_other = "*";

// Calls `take` with each part that is not empty.
void for_each_part(std::string_view text, char separator, const auto& take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) take(std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

[[noreturn]] void refuse_limit(const std::string& text, const std::string& why) {
  refuse(fmt::format("--limit \"{}\" {}; write it like alice:slots=16,jobs=100,bytes=10G", text, why));
}

void set_bound(Allowance& allowance, const std::string& limit, const std::string& bound) {
  const std::size_t sign = bound.find('=');
  const std::string word = bound.substr(0, sign);
  std::optional<std::uint64_t>* place = word == "slots"   ? &allowance.slots
                                        : word == "jobs"  ? &allowance.jobs
                                        : word == "bytes" ? &allowance.bytes
                                                          : nullptr;
  if (place == nullptr)
    refuse_limit(limit, fmt::format("bounds \"{}\", which is none of slots, jobs and bytes", word));
  if (sign == std::string::npos) refuse_limit(limit, fmt::format("has no number for {}", word));
  if (*place) refuse_limit(limit, fmt::format("bounds {} twice", word));
  const std::string number = bound.substr(sign + 1);
  const std::string flag = fmt::format("--limit {}:{}", limit.substr(0, limit.rfind(':')), word);
  *place = word == "bytes" ? parse_size(flag, number)
                           : parse_count(flag, number, 0, std::numeric_limits<std::uint32_t>::max());
}

}  // namespace

// A name may have a colon in it.
Allowances parse_allowances(const std::vector<std::string>& values) {
  Allowances allowances;
  std::set<std::string> names;
  const auto take = [&](const std::string& limit) {
    const std::size_t colon = limit.rfind(':');
    const std::string name = limit.substr(0, colon);
    if (colon == std::string::npos || name.empty()) refuse_limit(limit, "does not say whose limit it is");
    if (!names.insert(name).second) refuse_limit(limit, fmt::format("is the second one of {}", name));
    Allowance allowance;
    for_each_part(limit.substr(colon + 1), ',',
                  [&](const std::string& bound) { set_bound(allowance, limit, bound); });
    if (!allowance.slots && !allowance.jobs && !allowance.bytes) refuse_limit(limit, "bounds nothing");
    if (name == every_other) {
      allowances.others = allowance;
    } else {
      allowances.by_name[name] = allowance;
    }
  };
  for (const std::string& value : values) for_each_part(value, ' ', take);
  return allowances;
}

}  // namespace pq::daemon
