// Clients that wait for a job's end.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "daemon/core/limits.h"

namespace pq::core {

struct Waiting {
  PeerId peer;
  RequestNumber request = 0;
  Instant until;
  bool sees_settings = true;  // of this job's program
};

class Waits {
 public:
  // A client that asks again before the answer waits once. A refusal: limits::waits_max clients wait already,
  // or this one for limits::waits_per_peer_max jobs.
  std::optional<Refusal> add(JobId job, const Waiting& waiting);

  // Removes and returns those whose job `is_over`, and those whose patience is over at `now`.
  template <class IsOver>
  std::map<JobId, std::vector<Waiting>> take_due(Instant now, const IsOver& is_over);

  std::size_t count() const { return count_; }
  Instant next_end() const { return next_end_; }  // no later than the earliest end of patience

  // Whether the running count is right.
  bool are_counted() const;

 private:
  void give_back(PeerId peer);

  std::map<JobId, std::vector<Waiting>> waits_;
  std::map<PeerId, std::size_t> counts_;  // of each peer that waits
  std::size_t count_ = 0;
  Instant next_end_ = Instant::never();
};

template <class IsOver>
std::map<JobId, std::vector<Waiting>> Waits::take_due(Instant now, const IsOver& is_over) {
  std::map<JobId, std::vector<Waiting>> due;
  const bool some_are_late = now >= next_end_;
  if (some_are_late) next_end_ = Instant::never();
  for (auto place = waits_.begin(); place != waits_.end();) {
    const bool over = is_over(place->first);
    if (!over && !some_are_late) {
      ++place;
      continue;
    }
    std::erase_if(place->second, [&](const Waiting& waiting) {
      if (!over && now < waiting.until) {
        next_end_ = std::min(next_end_, waiting.until);
        return false;
      }
      due[place->first].push_back(waiting);
      give_back(waiting.peer);
      return true;
    });
    place = place->second.empty() ? waits_.erase(place) : std::next(place);
  }
  return due;
}

}  // namespace pq::core
