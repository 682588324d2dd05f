// What a stream is told between two snapshots.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/limits.h"
#include "daemon/view/changes.h"
#include "daemon/view/limits.h"
#include "tests/rooms.h"
#include "tests/unit/http_site.h"
#include "tests/unit/stream_text.h"

namespace pq::tests {
namespace {

// The words of what is told, in order.
std::string words(const std::string& text) {
  std::string all;
  for (const StreamEvent& event : events_in(text)) all += (all.empty() ? "" : " ") + event.word;
  return all;
}

Json told(const std::string& text, const std::string& word) {
  for (const StreamEvent& event : events_in(text)) {
    if (event.word == word) return event.data;
  }
  FAIL("nothing is told of " << word);
  return {};
}

AgentReport agent(const std::string& name) {
  AgentReport report;
  report.name = name;
  return report;
}

// As many jobs were submitted.
KeptEvents events(std::size_t count) {
  EventHistory history;
  Changes changes;
  history.note(std::vector<Event>(count, {Happening::job_submitted, {}, "", ""}), 1000, changes);
  KeptEvents kept;
  kept.refresh(history);
  return kept;
}

struct Two {
  Snapshot before = picture({});
  Snapshot now = before;
  std::string text() const { return changes(before, now); }
};

}  // namespace

TEST_CASE("a stream begins with the whole state, and with when to come back") {
  Snapshot now = picture({});
  now.unix_ms = 5;
  now.events = events(500);
  now.throughput = {{1000, 1.5, 1, 2}, {2000, 2.5, 1, 2}};
  const std::string text = whole_state(now);
  CHECK(text.starts_with("retry: 2000\n\n"));
  CHECK(words(text) == "jobs agents events history tick");
  CHECK(told(text, "jobs") == Json::parse(to_line(to_json(now.jobs))));
  CHECK(told(text, "agents") == to_json(now.agents));
  CHECK(told(text, "events").at("events").size() == limits::stream_events_first);
  CHECK(told(text, "events").at("events").back().at("number") == "500");
  CHECK(told(text, "events").at("left_out") == 300);
  CHECK(told(text, "history").at("samples").size() == 2);
  CHECK(told(text, "tick").at("unix_ms") == 5);
}

TEST_CASE("where nothing is, that is told: what a client knew before is over") {
  CHECK(words(whole_state({})) == "jobs agents events history tick");
  CHECK(told(whole_state({}), "jobs").at("jobs").empty());
}

TEST_CASE("nothing has changed: a tick") { CHECK(words(Two().text()) == "tick"); }

TEST_CASE("only jobs that changed are told, and those that are new") {
  Two two;
  two.now.jobs.jobs[1].done += 1;
  two.now.jobs.jobs.push_back(job_shown(10));
  CHECK(words(two.text()) == "jobs tick");
  const Json jobs = told(two.text(), "jobs").at("jobs");
  REQUIRE(jobs.size() == 2);
  CHECK(jobs.at(0).at("id") == 9);
  CHECK(jobs.at(1).at("id") == 10);
}

TEST_CASE("an agent that was heard again has not changed, if that is all") {
  Two two;
  two.now.agents.agents[0].heard_ms_ago = 900;
  CHECK(words(two.text()) == "tick");
  two.now.agents.agents[0].beats_missed = 1;
  CHECK(words(two.text()) == "agents tick");
  CHECK(told(two.text(), "agents").at("agents").at(0).at("heard_ms_ago") == 900);
}

TEST_CASE("what is no longer listed is gone, wherever it stood") {
  Two two;
  two.before.jobs.jobs = {job_shown(1), job_shown(3), job_shown(5), job_shown(7)};
  two.now.jobs.jobs = {job_shown(3), job_shown(5), job_shown(9)};
  two.now.jobs.left_out = 1;
  two.before.agents.agents = {agent("a"), agent("c"), agent("b"),
                              agent("x")};  // those that are gone stand last
  two.now.agents.agents = {agent("b"), agent("c")};
  CHECK(words(two.text()) == "jobs gone tick");
  CHECK(told(two.text(), "gone").at("jobs") == Json::parse("[1, 7]"));
  CHECK(told(two.text(), "gone").at("agents") == Json::parse(R"(["a", "x"])"));
  CHECK(told(two.text(), "jobs").at("left_out") == 1);
}

TEST_CASE("that more are left out is a change of the lists") {
  Two two;
  two.now.jobs.left_out = 1;
  two.now.agents.left_out = 2;
  CHECK(words(two.text()) == "jobs agents tick");
  CHECK(told(two.text(), "jobs").at("jobs").empty());
  CHECK(told(two.text(), "agents").at("left_out") == 2);
}

TEST_CASE(
    "that more of those left out have not ended is a change, also where as many are left out as before") {
  Two two;
  two.before.jobs.left_out = two.now.jobs.left_out = 5;
  two.now.jobs.live_left_out = 2;
  CHECK(words(two.text()) == "jobs tick");
  CHECK(told(two.text(), "jobs").at("live_left_out") == 2);
}

TEST_CASE("events are told once each; those that nobody can tell any more are counted") {
  Two two;
  two.before.events = events(5);
  two.now.events = events(7);
  CHECK(words(two.text()) == "events tick");
  CHECK(told(two.text(), "events").at("events").size() == 2);
  CHECK(told(two.text(), "events").at("left_out") == 0);
  two.now.events = events(6 + limits::events_told);
  CHECK(told(two.text(), "events").at("events").size() == limits::events_told);
  CHECK(told(two.text(), "events").at("left_out") == 1);
  two.before.events = two.now.events;
  CHECK(words(two.text()) == "tick");
}

TEST_CASE("samples are told once each") {
  Two two;
  two.now.throughput = {{1000, 1.5, 1, 2}};
  CHECK(words(two.text()) == "history tick");
  two.before.throughput = {{500, 1, 1, 1}, {1000, 1.5, 1, 2}};
  two.now.throughput = {{1000, 1.5, 1, 2}, {2000, 9, 1, 2}};
  CHECK(told(two.text(), "history").at("samples").size() == 1);
  CHECK(told(two.text(), "history").at("samples").at(0).at("unix_ms") == 2000);
  two.before.throughput = two.now.throughput;
  CHECK(words(two.text()) == "tick");
}

TEST_CASE("no text of a user breaks a stream's lines") {
  Two two;
  two.now.jobs.jobs[0].spec.name = "a\n\nevent: tick\ndata: {}\r\n\r\n";
  CHECK(words(two.text()) == "jobs tick");
  CHECK(two.text().find('\r') == std::string::npos);
}

}  // namespace pq::tests
