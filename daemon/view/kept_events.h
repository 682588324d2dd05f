// All stored events as one snapshot has them: a list for each kind. Snapshots share a list while no event of
// its kind happens.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/protocol/messages.h"
#include "daemon/core/telling/event_history.h"
#include "daemon/core/telling/happening.h"
#include "daemon/view/event_query.h"

namespace pq::view {

class KeptEvents {
 public:
  // Adds what is new in `history`, which must be the one of the last call.
  void refresh(const EventHistory& history);

  // The number of the last one; 0: there was none.
  std::uint64_t last() const { return last_; }

  // Of the events that `query` asks for, the newest EventQuery::limit, the oldest first. left_out counts the
  // others that match.
  EventsReport select(const EventQuery& query) const;

 private:
  std::map<Happening, std::shared_ptr<const std::vector<EventEntry>>> of_kind_;  // the oldest first
  std::uint64_t last_ = 0;
};

}  // namespace pq::view
