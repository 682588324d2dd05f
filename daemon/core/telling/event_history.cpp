#include "daemon/core/telling/event_history.h"

#include <algorithm>
#include <utility>

#include "common/protocol/limits.h"
#include "daemon/core/limits.h"

namespace pq::core {
namespace {

EventEntry entry_of(const EventRow& row) {
  const HappeningWords& words = words_for_people(row.event.what);
  EventEntry entry{.number = row.number,
                   .unix_ms = row.unix_ms,
                   .what = std::string(to_text(row.event.what)),
                   .severity = severity_of(row.event),
                   .job = std::nullopt,
                   .agent = std::nullopt,
                   .text = std::string(words.text),
                   .detail = row.event.detail};
  if (row.event.job.value != 0) entry.job = row.event.job;
  if (!row.event.agent.empty()) entry.agent = row.event.agent;
  return entry;
}

}  // namespace

EventHistory::EventHistory(const std::map<std::uint64_t, EventRow>& stored) {
  for (const auto& [number, row] : stored) keep(row);
}

void EventHistory::keep(const EventRow& row) {
  entries_.emplace_hint(entries_.end(), row.number, entry_of(row));
  of_kind_[row.event.what].push_back(row.number);
  last_ = row.number;
}

void EventHistory::note(const std::vector<Event>& events, UnixMs unix_ms, Changes& changes) {
  for (const Event& event : events) {
    if (!is_kept(event.what)) continue;
    const EventRow row{last_ + 1, unix_ms, event};
    keep(row);
    changes.events[row.number] = row;
    std::deque<std::uint64_t>& numbers = of_kind_[event.what];
    while (numbers.size() > limits::events_kept) {
      changes.events[numbers.front()] = std::nullopt;
      entries_.erase(numbers.front());
      numbers.pop_front();
    }
  }
}

std::uint64_t EventHistory::last_of(Happening what) const {
  const auto found = of_kind_.find(what);
  return found == of_kind_.end() ? 0 : found->second.back();
}

std::vector<EventEntry> EventHistory::all_of(Happening what) const {
  std::vector<EventEntry> all;
  const auto found = of_kind_.find(what);
  if (found == of_kind_.end()) return all;
  all.reserve(found->second.size());
  for (const std::uint64_t number : found->second) all.push_back(entries_.at(number));
  return all;
}

EventsReport EventHistory::report(const AskEvents& ask) const {
  EventsReport report;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && entry->first > ask.after; ++entry) {
    if (ask.job && entry->second.job != ask.job) continue;
    if (report.events.size() < limits::events_told) {
      report.events.push_back(entry->second);
    } else {
      report.left_out += 1;
    }
  }
  std::reverse(report.events.begin(), report.events.end());
  return report;
}

}  // namespace pq::core
