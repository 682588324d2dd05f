// The events that are kept, a bounded number of each kind, so that a program that fails a thousand times a
// second drives out nothing but its own failures. They are stored with the very changes that they tell of.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "common/instant.h"
#include "common/messages.h"
#include "daemon/core/happening.h"
#include "daemon/core/rows.h"

namespace pq {

class EventHistory {
 public:
  EventHistory() = default;
  // As stored.
  explicit EventHistory(const std::map<std::uint64_t, EventRow>& stored);

  // What is kept of these goes into `changes`, with what has to make room for it.
  void note(const std::vector<Event>& events, UnixMs unix_ms, Changes& changes);

  EventsReport report(const AskEvents& ask) const;

  // The number of the last one.
  std::uint64_t last() const { return last_; }

  // The number of the last one of a kind; 0: none is kept.
  std::uint64_t last_of(Happening what) const;

  // All that are kept of a kind, the oldest first.
  std::vector<EventEntry> all_of(Happening what) const;

  // Newest first, until `visit` says false.
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

}  // namespace pq
