// The stored events, a bounded number of each kind. So a program that fails a thousand times a second
// displaces only its own failures. Events are stored with the changes that they report.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/instant.h"
#include "daemon/core/rows.h"
#include "daemon/core/telling/happening.h"

namespace pq::core {

class EventHistory {
 public:
  EventHistory() = default;
  // As stored.
  explicit EventHistory(const std::map<std::uint64_t, EventRow>& stored);

  // Adds those of these events that are kept to `changes`, with what must make room for them.
  void note(const std::vector<Event>& events, UnixMs unix_ms, Changes& changes);

  EventsReport report(const AskEvents& ask) const;

  // The number of the last one.
  std::uint64_t last() const { return last_; }

  // The number of the last one of a kind; 0: none is kept.
  std::uint64_t last_of(Happening what) const;

  // All stored events of a kind, the oldest first.
  std::vector<EventEntry> all_of(Happening what) const;

  // Newest first, until `visit` returns false.
  void visit_newest(auto visit) const {
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
      if (!visit(entry->second)) return;
    }
  }

 private:
  void keep(const EventRow& row);

  std::map<std::uint64_t, EventEntry> entries_;             // by number
  std::map<Happening, std::deque<std::uint64_t>> of_kind_;  // their numbers
  std::uint64_t last_ = 0;
};

}  // namespace pq::core
