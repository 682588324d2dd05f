#include "daemon/view/kept_events.h"

#include <algorithm>

namespace pq::view {

void KeptEvents::refresh(const EventHistory& history) {
  if (history.last() == last_) return;
  last_ = history.last();
  for (const Happening what : all<Happening>()) {
    auto& events = of_kind_[what];
    if (!events || history.last_of(what) != (events->empty() ? 0 : events->back().number))
      events = std::make_shared<const std::vector<EventEntry>>(history.all_of(what));
  }
}

EventsReport KeptEvents::select(const EventQuery& query) const {
  std::vector<const EventEntry*> found;
  for (const auto& [what, events] : of_kind_) {
    if (query.what && what != *query.what) continue;
    for (auto event = events->rbegin(); event != events->rend() && event->number > query.after; ++event) {
      if (query.job && event->job != query.job) continue;
      if (query.agent && event->agent != query.agent) continue;
      found.push_back(&*event);
    }
  }
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
  EventsReport selected;
  selected.left_out = found.size() - std::min(found.size(), query.limit);
  for (auto event = found.end() - static_cast<std::ptrdiff_t>(found.size() - selected.left_out);
       event != found.end(); ++event)
    selected.events.push_back(**event);
  return selected;
}

}  // namespace pq::view
