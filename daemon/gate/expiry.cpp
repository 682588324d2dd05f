#include "daemon/gate/expiry.h"

namespace pq::gate {

std::vector<Expiry::Change> Expiry::look(const std::unordered_map<std::string, Principal>& keys, Now now) {
  clock_.look(now);
  std::erase_if(over_, [&](const auto& one) { return !keys.contains(one.first); });
  std::vector<Change> changes;
  for (const auto& [key, principal] : keys) {
    if (!principal.expires_unix_ms) {
      over_.erase(key);
      continue;
    }
    const Standing before = standing(key);
    const Standing after = judge(key, principal, now);
    if (after != before) changes.push_back({principal.name, after});
  }
  return changes;
}

// What was sure once stays so until the clock says otherwise: a later jump ahead tells nothing new of it.
Standing Expiry::judge(const std::string& public_key, const Principal& principal, Now now) {
  if (now.unix_ms < *principal.expires_unix_ms) {
    over_.erase(public_key);
    return Standing::good;
  }
  Over& over = over_.try_emplace(public_key, Over{now.instant}).first->second;
  over.is_sure = over.is_sure || !jump() || now.instant - over.since >= limits::clock_doubted;
  return over.is_sure ? Standing::expired : Standing::doubtful;
}

Standing Expiry::standing(const std::string& public_key) const {
  const auto over = over_.find(public_key);
  if (over == over_.end()) return Standing::good;
  return over->second.is_sure ? Standing::expired : Standing::doubtful;
}

}  // namespace pq::gate
