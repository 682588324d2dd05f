#include "daemon/core/story.h"

#include <utility>

namespace pq::core {

void Story::note_split(JobId job, const std::string& agent, std::string detail) {
  Split& split = splits_[job];
  split.leases += 1;
  split.agent = agent;
  split.detail = std::move(detail);
}

void Story::tell_splits(Effects& effects) {
  for (const auto& [job, split] : std::exchange(splits_, {})) {
    if (split.leases == 1) {
      effects.events.push_back({Happening::lease_split, job, split.agent, split.detail});
    } else {
      effects.events.push_back({Happening::lease_split, job, "",
                                std::to_string(split.leases) + " leases end earlier, for other slots"});
    }
  }
}

}  // namespace pq::core
