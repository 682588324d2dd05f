// What one submitter may have at once, as the head was told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace pq::core {

// Nothing: no bound.
struct Allowance {
  std::optional<std::uint64_t> slots = std::nullopt;  // that compute its jobs
  std::optional<std::uint64_t> jobs = std::nullopt;   // that have not ended
  std::optional<std::uint64_t> bytes = std::nullopt;  // of the files and the collected output of these
};

struct Allowances {
  std::map<std::string, Allowance> by_name = {};
  Allowance others = {};  // of each submitter that is not named, one without a name included

  const Allowance& of(const std::string& submitter) const {
    const auto named = by_name.find(submitter);
    return named == by_name.end() ? others : named->second;
  }
};

}  // namespace pq::core
