#include "daemon/core/telling/event_history.h"

#include <doctest/doctest.h>

#include <string>

#include "common/protocol/limits.h"
#include "daemon/core/limits.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

const Event joined{Happening::agent_joined, {}, "a", "2 slots"};
const Event failed{Happening::program_failed, JobId{7}, "a", "exit status 3"};

TEST_CASE("every happening has one word, that is read back, and words for people") {
  std::set<std::string_view> words;
  for (const Happening what : all<Happening>()) {
    CHECK(words.insert(to_text(what)).second);
    CHECK(parse<Happening>(to_text(what)) == what);
    CHECK_FALSE(words_for_people(what).text.empty());
  }
  CHECK(parse<Happening>("agent_jumped") == std::nullopt);
}

TEST_CASE("a job that failed is a warning, one that is done is not") {
  EventHistory history;
  Changes changes;
  history.note({{Happening::job_ended, JobId{1}, "", "done"}, {Happening::job_ended, JobId{2}, "", "failed"}},
               1, changes);
  const auto told = history.report({}).events;
  CHECK(told.at(0).severity == Severity::info);
  CHECK(told.at(1).severity == Severity::warning);
}

TEST_CASE("events are numbered on, and kept with the changes of their turn") {
  EventHistory history;
  Changes changes;
  history.note({joined, failed}, 1000, changes);
  history.note({joined}, 2000, changes);
  REQUIRE(changes.events.size() == 3);
  CHECK(changes.events.at(3)->unix_ms == 2000);
  const EventsReport all = history.report({});
  REQUIRE(all.events.size() == 3);
  CHECK(all.left_out == 0);
  CHECK(all.events[0] ==
        EventEntry{1, 1000, "agent_joined", Severity::info, std::nullopt, "a", "agent joined", "2 slots"});
  CHECK(all.events[1] == EventEntry{2, 1000, "program_failed", Severity::warning, JobId{7}, "a",
                                    "program failed", "exit status 3"});
  CHECK(history.report({.after = 2}).events.size() == 1);
  CHECK(history.report({.after = 3}).events.empty());
  CHECK(history.report({.after = 0, .job = JobId{7}}).events.size() == 1);
  CHECK(history.last() == 3);
}

TEST_CASE("a flood of one kind drives out only its own kind, in the store too") {
  EventHistory history;
  Changes changes;
  history.note({joined}, 1, changes);
  for (std::size_t i = 0; i < limits::events_kept + 5; ++i) history.note({failed}, 2, changes);
  const EventsReport told = history.report({});
  CHECK(told.events.size() == limits::events_told);
  CHECK(told.left_out == 1);  // the first of all is still there
  CHECK(history.report({.after = 0, .job = JobId{7}}).events.size() == limits::events_kept);
  for (std::uint64_t number = 2; number < 7; ++number) CHECK(changes.events.at(number) == std::nullopt);
  CHECK(changes.events.at(1).has_value());
  std::map<std::uint64_t, EventRow> stored;
  for (const auto& [number, row] : changes.events) {
    if (row) stored[number] = *row;
  }
  EventHistory again(stored);
  CHECK(again.report({}) == told);
  Changes more;
  again.note({failed}, 3, more);
  CHECK(more.events.size() == 2);  // one comes, one goes
  CHECK(again.last() == history.last() + 1);
}

TEST_CASE("what a peer can say at will is not kept: it would cost a transaction each time") {
  EventHistory history;
  Changes changes;
  history.note(
      {{Happening::message_refused, {}, "", "of key x"}, {Happening::lease_misused, JobId{7}, "a", ""}}, 1,
      changes);
  CHECK(changes.is_empty());
  CHECK(history.report({}).events.empty());
}

TEST_CASE("what happens to agents and jobs is kept across a restart of the head") {
  Scenario s;
  auto& a = s.agent("a");
  const JobId job = s.submits(Range{0, 1000});
  a.finishes(a.takes_lease(), 168);
  while (!a.is_granted_nothing()) a.finishes(a.takes_lease(), 1);
  a.says_goodbye();
  const auto told = std::get<EventsReport>(s.asks(AskEvents{}));
  std::vector<std::string> words;
  for (const EventEntry& event : told.events) words.push_back(event.what);
  CHECK(words == std::vector<std::string>{"agent_joined", "job_submitted", "job_ended", "agent_left"});
  CHECK(std::get<EventsReport>(s.asks(AskEvents{.after = 0, .job = job})).events.size() == 2);
  s.restarts_head();
  CHECK(std::get<EventsReport>(s.asks(AskEvents{})) == told);
}

TEST_CASE("leases that are split for idle slots are told of once a turn") {
  TwoAgents s;
  s.ends_amid_work();
  s.measure(1, 1);
  s.passes(2s);
  REQUIRE(s.a->lowest_end_asked(s.lease));
  s.a->ends_earlier(s.lease, *s.a->lowest_end_asked(s.lease));
  CHECK(s.times(Happening::lease_split) == 1);
  const auto told = std::get<EventsReport>(s.asks(AskEvents{.after = 0, .job = s.id}));
  CHECK(told.events.back().what == "lease_split");
  CHECK(told.events.back().agent == "a");
}

}  // namespace
}  // namespace pq::tests
