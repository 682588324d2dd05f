// What HTTP's pages say, and to whom: no socket.

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/protocol/limits.h"
#include "common/report/json.h"
#include "common/values/sha256.h"
#include "daemon/core/limits.h"
#include "daemon/http/assets.h"
#include "daemon/http/host_names.h"
#include "daemon/http/own_names.h"
#include "daemon/view/answer.h"
#include "daemon/view/event_query.h"
#include "daemon/view/schemas.h"
#include "tests/rooms.h"
#include "tests/unit/http_site.h"
#include "tests/unit/serving_head.h"

namespace pq::tests {
namespace {

KeptEvents kept(const EventHistory& history) {
  KeptEvents events;
  events.refresh(history);
  return events;
}

Json page_of(const Snapshot& snapshot, const std::string& path, const HttpQuery& query = {}) {
  const HttpAnswer answer = answer_to(path, &snapshot, query);
  CAPTURE(answer.body);
  CHECK(answer.status == 200);
  return Json::parse(answer.body);
}

}  // namespace

// ---------------------------------------------------------------- JSON

TEST_CASE("a ledger in JSON has of each span what its state has") {
  const LedgerPicture ledger{
      .job = JobId{7},
      .range = {0, 18'446'744'073'709'551'615U},
      .spans = {{.range = {0, 10}, .kind = SpanKind::done},
                {.range = {10, 20},
                 .kind = SpanKind::leased,
                 .agent = "a",
                 .upto = 15,
                 .granted_unix_ms = 1000,
                 .end_asked = 18},
                {.range = {20, 30}, .kind = SpanKind::leased, .agent = "b", .upto = 20},
                {.range = {30, 31}, .kind = SpanKind::failed, .attempts_failed = 3, .error = "bad"},
                {.range = {31, 131}, .kind = SpanKind::mixed, .done = 50, .leased = 20, .failed = 1},
                {.range = {131, 18'446'744'073'709'551'615U}, .attempts_failed = 1}},
      .spans_in_all = 4000};
  CHECK(
      to_line(to_json(ledger)) ==
      R"({"schema":"pq.ledger/1","job":7,"begin":"0","end":"18446744073709551615",)"
      R"("width":"18446744073709551615","spans":[{"begin":"0","end":"10","state":"done"},)"
      R"({"begin":"10","end":"20","state":"leased","agent":"a","upto":"15","granted_unix_ms":1000,"end_asked":"18"},)"
      R"({"begin":"20","end":"30","state":"leased","agent":"b","upto":"20","granted_unix_ms":null,"end_asked":null},)"
      R"({"begin":"30","end":"31","state":"failed","attempts":3,"error":"bad"},)"
      R"({"begin":"31","end":"131","state":"mixed","done":"50","leased":"20","free":"29","failed":"1"},)"
      R"({"begin":"131","end":"18446744073709551615","state":"free","attempts":1}],"spans_in_all":4000})");
}

TEST_CASE("what only HTTP shows carries its schema") {
  CHECK(
      to_line(history_json(std::nullopt, {{1000, 2.5, 3, 4}})) ==
      R"({"schema":"pq.history/1","job":null,"samples":[{"unix_ms":1000,"done_per_s":2.5,"slots_busy":3,"slots":4}]})");
  CHECK(to_line(history_json(JobId{7}, {})) == R"({"schema":"pq.history/1","job":7,"samples":[]})");
  CHECK(to_line(gone_json({JobId{7}}, {"spot-1"})) ==
        R"({"schema":"pq.gone/1","jobs":[7],"agents":["spot-1"]})");
  CHECK(to_line(tick_json(5)) == R"({"schema":"pq.tick/1","unix_ms":5,"version":"0.1.0"})");
  const LogEntry entry{.number = 3, .agent = "a", .run = {1, 2}, .failed = true, .text = {"out\xff\n"}};
  const Json logs = Json::parse(to_line(failed_logs_json(JobId{7}, {entry}, true)));
  CHECK(logs.at("schema") == "pq.logs/1");
  CHECK(logs.at("failed") == true);
  CHECK(logs.at("more") == true);
  CHECK(logs.at("entries").at(0).at("schema") == "pq.log/1");
  CHECK(logs.at("entries").at(0).at("text") == "out\xef\xbf\xbd\n");
}

// ---------------------------------------------------------------- pages

TEST_CASE("each page of a job shows what was looked at closely") {
  Snapshot shown = picture({});
  JobDetail& detail = *shown.details[JobId{9}];
  detail.throughput = {{1000, 2.5, 3, 4}};
  detail.job.failed_spans = {{{3, 4}, 3, "exit status 1"}};
  detail.failed_logs.emplace_back().number = 5;
  CHECK(page_of(shown, "/api/v1/jobs/9").at("failed_spans").at(0).at("error") == "exit status 1");
  CHECK(page_of(shown, "/api/v1/jobs/9/ledger") == to_json(detail.ledger));
  CHECK(page_of(shown, "/api/v1/jobs/9/explanation") == to_json(detail.explanation));
  CHECK(page_of(shown, "/api/v1/jobs/9/history") == history_json(JobId{9}, detail.throughput));
  CHECK(page_of(shown, "/api/v1/jobs/9/logs").at("entries").at(0).at("number") == 5);
  CHECK(page_of(shown, "/api/v1/jobs").at("jobs").at(1).at("failed_spans").empty());
}

TEST_CASE("a job's pages ask for it to be looked at, and are busy without that") {
  for (const char* path : {"/api/v1/jobs/7", "/api/v1/jobs/7/ledger", "/api/v1/jobs/7/whatever"}) {
    CAPTURE(path);
    CHECK(job_looked_at(path) == JobId{7});
  }
  for (const char* path : {"/api/v1/jobs", "/api/v1/jobs/", "/api/v1/jobs/x/ledger", "/api/v1/jobs/0/ledger",
                           "/api/v1/jobs/7x", "/api/v1/agents", "/api/v1/events", ""}) {
    CAPTURE(path);
    CHECK_FALSE(job_looked_at(path));
  }
  Snapshot shown = picture({});
  shown.details.clear();
  CHECK(answer_to("/api/v1/jobs/7/ledger", &shown).status == 503);
  CHECK(answer_to("/api/v1/jobs/7", &shown).status == 200);
}

TEST_CASE("events are asked for by number, job, agent and word, the newest first to be told") {
  Snapshot shown = picture({});
  EventHistory history;
  Changes changes;
  const auto submitted = [](std::uint64_t job, const char* agent = "") {
    return Event{Happening::job_submitted, JobId{job}, agent, ""};
  };
  history.note({submitted(7), Event{Happening::lease_split, JobId{7}, "spot-1", ""}, submitted(9, "spot-1"),
                submitted(9, "spot-2")},
               1000, changes);
  shown.events = kept(history);
  const auto told = [&](const HttpQuery& query) {
    const Json page = page_of(shown, "/api/v1/events", query);
    std::string text;
    for (const Json& one : page.at("events")) text += one.at("number").get<std::string>() + " ";
    return text + "| " + std::to_string(page.at("left_out").get<int>());
  };
  CHECK(told({}) == "1 2 3 4 | 0");
  CHECK(told({{"after", "2"}}) == "3 4 | 0");
  CHECK(told({{"after", "18446744073709551615"}}) == "| 0");
  CHECK(told({{"limit", "1"}}) == "4 | 3");
  CHECK(told({{"agent", "spot-1"}}) == "2 3 | 0");
  CHECK(told({{"agent", "spot-1"}, {"what", "lease_split"}}) == "2 | 0");
  CHECK(told({{"job", "7"}}) == "1 2 | 0");
  CHECK(told({{"job", "9"}, {"limit", "1"}}) == "4 | 1");
  CHECK(told({{"job", "10"}}) == "| 0");
}

TEST_CASE("events of a rare kind, agent or job are found behind any number of others") {
  EventHistory history;
  Changes changes;
  history.note({{Happening::agent_lost, JobId{7}, "spot-1", ""}}, 1000, changes);
  Snapshot shown = picture({});
  shown.events = kept(history);
  history.note(std::vector<Event>(limits::events_kept, {Happening::lease_split, {}, "", ""}), 2000, changes);
  history.note(std::vector<Event>(limits::events_kept, {Happening::job_submitted, {}, "", ""}), 2000,
               changes);
  shown.events.refresh(history);
  for (const HttpQuery& query : {HttpQuery{{"what", "agent_lost"}}, {{"agent", "spot-1"}}, {{"job", "7"}}}) {
    const Json page = page_of(shown, "/api/v1/events", query);
    REQUIRE(page.at("events").size() == 1);
    CHECK(page.at("events").at(0).at("number") == "1");
  }
  const Json page = page_of(shown, "/api/v1/events");
  CHECK(page.at("events").size() == limits::events_told);
  CHECK(page.at("left_out") == 2 * limits::events_kept + 1 - limits::events_told);
}

TEST_CASE("a question for events that makes no sense is a 400 that says why") {
  const Snapshot shown = picture({});
  const auto refused = [&](const HttpQuery& query, const std::string& with) {
    CAPTURE(with);
    const HttpAnswer answer = answer_to("/api/v1/events", &shown, query);
    CHECK(answer.status == 400);
    CHECK(says(answer.body, with));
  };
  refused({{"after", ""}}, "not the number of an event");
  refused({{"after", "-1"}}, "not the number of an event");
  refused({{"after", "18446744073709551616"}}, "not the number of an event");
  refused({{"job", "0"}}, "not the number of a job");
  refused({{"job", "seven"}}, "seven");
  refused({{"agent", ""}}, "not the name of an agent");
  refused({{"agent", std::string(65, 'x')}}, "not the name of an agent");
  refused({{"what", "nonsense"}}, "none of the words: head_started, ");
  refused({{"what", "message_refused"}}, "none of the words");  // it is never kept
  refused({{"limit", "0"}}, "from 1 to 1000");
  refused({{"limit", "1001"}}, "from 1 to 1000");
  refused({{"wat", "x"}}, "give after, job, agent, what or limit");
  refused({{"after", "1"}, {"after", "2"}}, "given twice");
}

TEST_CASE("a page is rendered once for all who ask for it of one snapshot") {
  const auto shown = std::make_shared<const Snapshot>(picture({}));
  const auto page = shared_answer_to("/api/v1/agents", shown);
  CHECK(page->body == answer_to("/api/v1/agents", shown.get()).body);
  CHECK(shared_answer_to("/api/v1/agents", shown) == page);
  CHECK(shared_answer_to("/api/v1/jobs/7/ledger", shown) == shared_answer_to("/api/v1/jobs/7/ledger", shown));
  const auto later = std::make_shared<const Snapshot>(*shown);
  CHECK(shared_answer_to("/api/v1/agents", later) != page);
  // What a stranger makes up is not kept.
  for (const char* path : {"/api/v1/nothing", "/api/v1/jobs/5/ledger", "/api/v1/jobs/7/nothing"}) {
    CAPTURE(path);
    CHECK(shared_answer_to(path, shown) != shared_answer_to(path, shown));
  }
  CHECK(shared_answer_to("/api/v1/agents", nullptr)->status == 503);
}

TEST_CASE("many who ask at once wait for one rendering") {
  const RenderedPages pages;
  std::atomic<int> rendered = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      const auto page = pages.page("key", [&] {
        rendered += 1;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return HttpAnswer{.body = "whole"};
      });
      CHECK(page->body == "whole");
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(rendered == 1);
}

// ---------------------------------------------------------------- the dashboard's files

TEST_CASE("the dashboard is in the program, and each file is what it says") {
  REQUIRE(asset_at("/") != nullptr);
  CHECK(asset_at("/")->name == "index.html");
  CHECK(std::string(type_of(*asset_at("/"))) == "text/html; charset=utf-8");
  REQUIRE(asset_at("/assets/chart.js") != nullptr);
  CHECK(std::string(type_of(*asset_at("/assets/chart.js"))) == "text/javascript; charset=utf-8");
  CHECK(says(std::string(asset_at("/assets/chart.js")->bytes.substr(0, 200)), "Chart.js v"));
  for (const Asset& asset : all_assets()) {
    CAPTURE(asset.name);
    CHECK(to_text(sha256_of(asset.bytes)) == asset.sha256);
    CHECK(asset.gzipped.substr(0, 2) == "\x1f\x8b");
    CHECK(asset.gzipped.substr(4, 4) == std::string(4, '\0'));  // the same bytes in each build
    CHECK(std::string(type_of(asset)) != "application/octet-stream");
  }
  for (const char* path :
       {"", "/assets", "/assets/", "/assets/nothing", "/assets/../index.html", "/index.html"})
    CHECK(asset_at(path) == nullptr);
}

TEST_CASE("a browser that has a file already is sent none") {
  const Asset asset{.name = "a.js", .sha256 = "abc", .bytes = "plain", .gzipped = "packed"};
  const AssetReply plain = reply_with(asset, "", "");
  CHECK(plain.status == 200);
  CHECK(plain.bytes == "plain");
  CHECK(plain.etag == "\"abc\"");
  const AssetReply packed = reply_with(asset, "", "br, gzip;q=0.8");
  CHECK(packed.bytes == "packed");
  CHECK(packed.is_gzipped);
  CHECK(packed.etag == "\"abc-gzip\"");
  CHECK_FALSE(reply_with(asset, "", "gzip;q=0, br").is_gzipped);
  for (const char* known : {"\"abc\"", "W/\"abc-gzip\"", "\"x\", \"abc\"", "*"}) {
    CAPTURE(known);
    CHECK(reply_with(asset, known, "gzip").status == 304);
    CHECK(reply_with(asset, known, "gzip").bytes.empty());
  }
  CHECK(reply_with(asset, "\"x\", \"y\"", "").status == 200);
}

// ---------------------------------------------------------------- names

TEST_CASE("a head is asked for by an address, localhost or a name of its own, with any port") {
  const OwnNames names({"Head", "head.example.org"});
  for (const char* host : {"127.0.0.1", "10.0.0.5:7701", "[::1]", "[2001:db8::1]:80", "localhost",
                           "LOCALHOST:1", "head", "HEAD:7701", "head.", "head.example.org:80", "head:"}) {
    CAPTURE(host);
    CHECK(names.has(host));
  }
  for (const char* host :
       {"", ":80", "evil.example", "head.evil.example", "evil.example:7701", "localhost.evil.example",
        "127.0.0.1.evil.example", "127.0.0.1:80@evil", "::1", "[::1", "[head]", "[127.0.0.1]", "head:x",
        "example.org", "xhead", "head.example.org.."}) {
    CAPTURE(host);
    CHECK_FALSE(names.has(host));
  }
  CHECK_FALSE(names.has(std::string("127.0.0.1\0.evil", 15)));
}

TEST_CASE("a machine is known by its host name, bare and in the domains that its neighbours search") {
  using Names = std::vector<std::string>;
  CHECK(names_of("head", "") == Names{"head", "head"});
  CHECK(names_of("head.lan", "nameserver 10.0.0.2\n# search no\nsearch ec2.internal  example.org\n") ==
        Names{"head.lan", "head", "head.ec2.internal", "head.example.org"});
  CHECK(names_of("head", "domain lan\nsearch .\noptions ndots:1") == Names{"head", "head", "head.lan"});
  CHECK(names_of("", "search lan").empty());
}

}  // namespace pq::tests
