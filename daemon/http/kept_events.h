// All the events that are kept, as one snapshot has them: a list for each kind, which the snapshots share
// between which none of that kind happened.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/messages.h"
#include "daemon/core/event_history.h"
#include "daemon/core/happening.h"
#include "daemon/http/event_query.h"

namespace pq {

class KeptEvents {
 public:
  // Takes over what is new in `history`, which is the one of the last call.
  void refresh(const EventHistory& history);

  // The number of the last one; 0: there was none.
  std::uint64_t last() const { return last_; }

  // Those that `query` asks for, the newest EventQuery::limit of them, the oldest first. Others that are kept
  // and would have been told are counted in left_out.
  EventsReport select(const EventQuery& query) const;

 private:
  std::map<Happening, std::shared_ptr<const std::vector<EventEntry>>> of_kind_;  // the oldest first
  std::uint64_t last_ = 0;
};

}  // namespace pq
