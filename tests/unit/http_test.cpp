// The head's HTTP side: real connections on loopback, over a queue that is told.

#include <doctest/doctest.h>
#include <httplib.h>

#include <array>
#include <chrono>
#include <future>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/os/wait.h"
#include "common/protocol/wire.h"
#include "common/report/json.h"
#include "daemon/daemon.h"
#include "daemon/http/agent_files.h"
#include "daemon/http/limits.h"
#include "daemon/http/listener.h"
#include "daemon/http/server.h"
#include "daemon/options.h"
#include "daemon/view/snapshots.h"
#include "tests/rooms.h"
#include "tests/unit/http_site.h"
#include "tests/unit/model_store.h"
#include "tests/unit/poor_process.h"
#include "tests/unit/serving_head.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

Json error_of(const httplib::Response& response) {
  const Json json = Json::parse(response.body);
  CHECK(json.at("schema") == "pq.error/1");
  CHECK(response.get_header_value("Content-Type") == "application/json");
  CHECK(response.get_header_value("Cache-Control") == "no-store");
  return json.at("error");
}

}  // namespace

// ---------------------------------------------------------------- pages

TEST_CASE("the pages hold what the clients' --json prints") {
  const Site site;
  const auto expects = [&](const std::string& path, const std::string& type, const std::string& body) {
    CAPTURE(path);
    const httplib::Response response = site.get(path);
    CHECK(response.status == 200);
    CHECK(response.body == body);
    CHECK(response.get_header_value("Content-Type") == type);
    CHECK(response.get_header_value("Cache-Control") == "no-store");
    CHECK(response.get_header_value("X-Content-Type-Options") == "nosniff");
  };
  expects("/healthz", "text/plain", "ok\n");
  expects("/api/v1/jobs", "application/json", to_line(to_json(site.shown_.jobs)) + "\n");
  expects("/api/v1/jobs/9", "application/json", to_line(to_json(site.shown_.jobs.jobs[1])) + "\n");
  expects("/api/v1/agents", "application/json", to_line(to_json(site.shown_.agents)) + "\n");
}

TEST_CASE("what is not there is a 404 that says what is") {
  const Site site;
  for (const char* path : {"/api/v1/jobs/8", "/api/v1/jobs/", "/api/v1/jobs/seven", "/api/v1/jobs/7/",
                           "/api/v1/jobs/-7", "/api/v1/jobs/18446744073709551623"}) {
    CAPTURE(path);
    const httplib::Response response = site.get(path);
    CHECK(response.status == 404);
    CHECK(error_of(response).at("word") == "no_such_job");
  }
  for (const char* path : {"/index.html", "/assets/", "/assets/nothing.js", "/assets/../main.js",
                           "/api/v1/jobsX", "/api/v1/jobs/7/spans", "/api/v2/jobs", "/healthz/", "/%ff%0a"}) {
    CAPTURE(path);
    const httplib::Response response = site.get(path);
    CHECK(response.status == 404);
    CHECK(error_of(response).at("word") == "no_such_page");
    CHECK(says(response.body, "/api/v1/jobs/ID"));
  }
}

TEST_CASE("a job that has no room in the list is shown to those who ask for it") {
  TestClock clock;
  Snapshot shown = picture(clock.now().instant);
  shown.jobs.left_out = 6;
  shown.details[JobId{6}].emplace().job = job_shown(6);
  const Site site(shown);
  CHECK(site.get("/api/v1/jobs/6").body == to_line(to_json(job_shown(6))) + "\n");
  CHECK(error_of(site.get("/api/v1/jobs/8")).at("word") == "no_such_job");
}

TEST_CASE("nothing can be changed: whoever wants to is refused, and is told so whatever it sends") {
  const Site site;
  const std::string much(std::size_t{32} << 20, 'x');  // more than sockets hold by themselves
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    CAPTURE(method);
    RawClient client(site.server->address());
    client.says(std::string(method) + " /api/v1/jobs HTTP/1.1\r\nContent-Length: 33554432\r\n\r\n");
    CHECK(client.says(much));
    const std::string heard = client.hears();
    CHECK(heard.starts_with("HTTP/1.1 405 "));
    CHECK(says(heard, "Allow: GET, HEAD\r\n"));
    CHECK(says(heard, "pq.error/1"));
  }
  const auto head = site.client().Head("/healthz");
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->body.empty());
}

TEST_CASE("what is no HTTP, or too much of it, gets a 400 or nothing, and the next one is served") {
  const Site site;
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'),
        "GET /" + std::string(20'000, 'x'), std::string(20'000, '\0'), std::string("\r\n"),
        "GET / HTTP/1.1\r\n" + std::string(20'000, ':')}) {
    RawClient client(site.server->address());
    client.says(bytes);
    client.ends();
    const std::string heard = client.hears();
    CAPTURE(heard);
    CHECK((heard.empty() || (heard.starts_with("HTTP/1.1 4") && says(heard, "pq.error/1"))));
  }
  CHECK(site.get("/healthz").body == "ok\n");
}

TEST_CASE("what tells of the queue is told to those who ask for this head, and not for some other host") {
  const Site site;
  const auto asks = [&](const std::string& path, const std::string& headers) {
    RawClient client(site.server->address());
    client.says("GET " + path + " HTTP/1.1\r\n" + headers + "\r\n");
    return client.hears().substr(0, 12);
  };
  for (const char* path : {"/", "/assets/chart.js", "/metrics", "/api/v1/jobs", "/api/v1/jobs/7/ledger",
                           "/api/v1/events", "/api/v1/stream", "/nothing"}) {
    CAPTURE(path);
    CHECK(asks(path, "Host: evil.example\r\n") == "HTTP/1.1 421");
    CHECK(asks(path, "") == "HTTP/1.1 400");
    CHECK(asks(path, "Host: localhost\r\nHost: evil.example\r\n") == "HTTP/1.1 400");
  }
  CHECK(asks("/api/v1/jobs", "Host: localhost:7701\r\n") == "HTTP/1.1 200");
  CHECK(asks("/healthz", "Host: evil.example\r\n") == "HTTP/1.1 200");
  CHECK(asks("/readyz", "") == "HTTP/1.1 200");
  CHECK(asks("/agents/x86_64", "Host: evil.example\r\n") == "HTTP/1.1 404");  // there is none
  const auto refusal_of = [&](const std::string& host) {
    RawClient client(site.server->address());
    client.says("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.hears();
  };
  CHECK(says(refusal_of("Evil.example"), "pqd with --http-host Evil.example"));
  CHECK(says(refusal_of("Evil.example:7701"), "--http-host Evil.example\""));
  CHECK(says(refusal_of("evil!example"), "use its address\""));  // nor to give pqd what it refuses
}

TEST_CASE("every answer keeps its page from being shown or read elsewhere") {
  const Site site;
  for (const char* path : {"/", "/assets/chart.js", "/healthz", "/api/v1/jobs", "/nothing"}) {
    CAPTURE(path);
    const httplib::Response response = site.get(path);
    for (const char* rule :
         {"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"})
      CHECK(says(response.get_header_value("Content-Security-Policy"), rule));
    CHECK(response.get_header_value("X-Frame-Options") == "DENY");
    CHECK(response.get_header_value("Referrer-Policy") == "no-referrer");
    CHECK(response.get_header_value("Cross-Origin-Resource-Policy") == "same-origin");
    CHECK(response.get_header_value("X-Content-Type-Options") == "nosniff");
    CHECK(response.get_header_value_count("Cache-Control") == 1);
  }
}

TEST_CASE("the dashboard's files are sent packed, and only to those who have them not") {
  const Site site;
  const auto first = site.client().Get("/", {{"Accept-Encoding", "gzip"}});
  REQUIRE(first);
  CHECK(first->get_header_value("Content-Type") == "text/html; charset=utf-8");
  CHECK(first->get_header_value("Content-Encoding") == "gzip");
  CHECK(first->get_header_value("Cache-Control") == "no-cache");
  CHECK(first->body.starts_with("<!DOCTYPE html>"));  // unpacked by the client
  const std::string etag = first->get_header_value("ETag");
  const auto again = site.client().Get("/", {{"If-None-Match", etag}});
  REQUIRE(again);
  CHECK(again->status == 304);
  CHECK(again->body.empty());
  CHECK(site.get("/").get_header_value("ETag") != etag);  // not packed
}

TEST_CASE("an answer is whole and plain, whatever was asked for") {
  const Site site;
  const auto result =
      site.client().Get("/api/v1/jobs", {{"Range", "bytes=0-1"}, {"Accept-Encoding", "gzip, br"}});
  REQUIRE(result);
  CHECK(result->status == 200);
  CHECK(result->get_header_value("Content-Encoding").empty());
  CHECK(result->body == to_line(to_json(site.shown_.jobs)) + "\n");
}

// ---------------------------------------------------------------- clients that are slow

TEST_CASE("slow clients hold up neither others nor the stop") {
  Site site;
  std::list<RawClient> slow;
  for (const char* said : {"GET /healthz HTTP/1.1\r\n", "G"}) {
    for (std::size_t i = 0; i < 10 * limits::http_threads; ++i)
      slow.emplace_back(site.server->address()).says(said);
  }
  CHECK(site.get("/healthz").body == "ok\n");
  expect_to_return([&] { site.server.reset(); });
  for (RawClient& client : slow) CHECK(client.hears() == "");
}

TEST_CASE("a byte now and then does not buy a client more time") {
  Site site;
  RawClient client(site.server->address());
  client.says("GET /healthz");
  CHECK(site.get("/healthz").body == "ok\n");  // by now that was heard, too
  site.clock.passes(limits::http_exchange_longest);
  client.says(" HTTP/1.1\r\nX: ");
  CHECK(client.hears() == "");
}

TEST_CASE("a request that comes in pieces is one") {
  const Site site;
  RawClient client(site.server->address());
  for (const char piece : std::string("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
    REQUIRE(client.says({piece}));
    std::this_thread::sleep_for(1ms);
  }
  CHECK(client.hears().ends_with("ok\n"));
}

TEST_CASE("a client that has ended its sending is answered") {
  const Site site;
  RawClient client(site.server->address());
  client.says("GET /healthz HTTP/1.1\r\n\r\n");
  client.ends();
  CHECK(client.hears().ends_with("ok\n"));
}

TEST_CASE("where too many have come and not asked, the first make room") {
  const Site site;
  std::list<RawClient> idle;
  const std::size_t more = 8;
  for (std::size_t i = 0; i < limits::visitors_max + more; ++i)
    idle.emplace_back(site.server->address()).says("G");
  CHECK(site.get("/healthz").body == "ok\n");
  for (std::size_t i = 0; i < more; ++i) {
    CHECK(idle.front().hears() == "");
    idle.pop_front();
  }
  idle.back().says("ET /healthz HTTP/1.1\r\n\r\n");
  CHECK(idle.back().hears().ends_with("ok\n"));
}

TEST_CASE("a client that does not take its answer holds up nobody, and is cut off") {
  Site site;
  Snapshot large = picture(site.clock.now().instant);
  const std::size_t size = std::size_t{8} << 20;  // more than sockets hold
  large.jobs.jobs[0].error = std::string(size, 'x');
  site.snapshots.publish(large);
  std::list<RawClient> slow;
  for (std::size_t i = 0; i < 3 * limits::http_threads; ++i)
    slow.emplace_back(site.server->address()).says("GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (RawClient& client : slow) CHECK(client.hears_some().starts_with("HTTP/1.1 200"));
  CHECK(site.get("/healthz").body == "ok\n");
  site.clock.passes(limits::http_exchange_longest);
  CHECK(site.get("/").status == 200);  // which makes the server look at the time
  for (RawClient& client : slow) CHECK(client.hears().size() < size);
}

TEST_CASE("without descriptors a server answers those who are connected, and tells others why it cannot") {
  Site site;
  RawClient connected(site.server->address());
  connected.says("GET /healthz HTTP/1.1\r\n");
  CHECK(site.get("/healthz").body == "ok\n");  // by now the connected one is accepted, too
  std::list<RawClient> newcomers;              // each is accepted when it sends something
  for (int i = 0; i < 20; ++i) newcomers.emplace_back(site.server->address());
  RawClient later(site.server->address());
  {
    std::list<FewDescriptors> taken;
    std::string refusal;
    for (RawClient& newcomer : newcomers) {
      taken.emplace_back(0);  // with what the server has closed meanwhile
      newcomer.says("GET /healthz HTTP/1.1\r\n\r\n");
      refusal = newcomer.hears();
      if (!refusal.ends_with("ok\n")) break;
    }
    CHECK(refusal.starts_with("HTTP/1.1 503 "));
    CHECK(refusal.find("Retry-After: ") != std::string::npos);
    CHECK(refusal.find("the head has no descriptor left") != std::string::npos);
    connected.says("\r\n");
    CHECK(connected.hears().ends_with("ok\n"));
    while (!taken.empty()) taken.pop_back();  // the last one first: each puts back the limit that it found
  }
  later.says("GET /healthz HTTP/1.1\r\n\r\n");
  CHECK(later.hears().ends_with("ok\n"));
}

// ---------------------------------------------------------------- pictures of the queue

struct Album {
  auto reader() {
    return std::async(std::launch::async, [&] { return snapshots.fresh(); });
  }
  void waits_until_wanted() {
    wait_readable(patience_max, std::array{snapshots.wanted_fd()});
    REQUIRE(snapshots.are_wanted());
  }
  void publishes(Instant taken_at) { snapshots.publish(picture(taken_at)); }
  Instant now() const { return clock.now().instant; }

  TestClock clock;
  Snapshots snapshots{clock};
};

TEST_CASE("a reader is shown what was taken after it asked") {
  Album album;
  album.publishes(album.now());
  album.clock.passes(1s);
  CHECK_FALSE(album.snapshots.are_wanted());
  auto reader = album.reader();
  album.waits_until_wanted();
  album.publishes(album.now() - 1ns);  // it was being taken when the reader asked
  CHECK(album.snapshots.are_wanted());
  album.publishes(album.now());
  CHECK_FALSE(album.snapshots.are_wanted());
  const auto shown = reader.get();
  REQUIRE(shown != nullptr);
  CHECK(shown->taken_at == album.now());
  CHECK(album.snapshots.fresh() == shown);
}

TEST_CASE(
    "a reader that asked before the latest picture was taken waits for no other, and it has what was "
    "expected") {
  Album album;
  const Instant asked_at = album.snapshots.expect(JobId{7});
  CHECK(album.snapshots.take_details_wanted() == std::set{JobId{7}});
  CHECK(album.snapshots.take_details_wanted().empty());
  album.clock.passes(1s);
  album.publishes(album.now());
  album.clock.passes(1s);
  CHECK(album.snapshots.taken_at() == album.now() - 1s);
  CHECK(album.snapshots.fresh({JobId{7}}, asked_at) != nullptr);
  CHECK_FALSE(album.snapshots.are_wanted());
}

TEST_CASE("pictures that take long are taken seldom") {
  Album album;
  const Instant taken_at = album.now();
  album.clock.passes(5ms);
  album.publishes(taken_at);
  const Instant before = instant_now();
  auto reader = album.reader();
  album.waits_until_wanted();
  CHECK(instant_now() - before >= 90ms);  // 5 % of the time
  album.publishes(album.now());
  CHECK(reader.get() != nullptr);
}

TEST_CASE("readers that wait go away when there will be no more pictures") {
  Album album;
  auto reader = album.reader();
  album.waits_until_wanted();
  album.snapshots.close();
  CHECK(reader.get() == nullptr);
  CHECK(album.snapshots.fresh() == nullptr);
}

TEST_CASE("a head that gives no picture is not said to be healthy") {
  Site site;
  site.snapshots.close();
  const httplib::Response response = site.get("/healthz");
  CHECK(response.status == 503);
  CHECK(error_of(response).at("word") == "head_is_busy");
}

TEST_CASE("a reader wakes a head that sleeps") {
  Album album;
  const ScratchDir scratch;
  std::filesystem::create_directory(scratch.state().dir);
  const SystemClock clock;
  const Pipe stop;
  ZmqTransport transport(scratch.state(), "tcp://127.0.0.1:*", clock,
                         {stop.reading(), album.snapshots.wanted_fd()});
  auto reader = album.reader();
  CHECK(transport.receive(instant_now() + patience_max, 1).empty());
  REQUIRE(album.snapshots.are_wanted());
  album.publishes(album.now());
  CHECK(reader.get() != nullptr);
}

struct OneMessage final : Transport {
  explicit OneMessage(std::string bytes) : bytes_(std::move(bytes)) {}
  std::vector<Incoming> receive(Instant /*deadline*/, std::size_t /*messages_max*/) override {
    Incoming incoming;
    incoming.sender.role = Role::operator_;
    incoming.bytes = bytes_;
    return {incoming};
  }
  void send(const std::vector<OutgoingBytes>& /*batch*/) override {}
  tl::expected<Authorized, Refusal> authorize(const Authorize& /*request*/,
                                              const Principal& /*asker*/) override {
    return {};
  }

 private:
  std::string bytes_;
};

TEST_CASE("what a turn has committed is in the next picture") {
  Submit submit;
  submit.spec.range = {10, 20};
  OneMessage transport(encode(Letter<ClientToHead>{1, submit}));
  ModelStore store;
  const TestClock clock;
  Daemon daemon(restore_queue({}, Epoch{1}, store, clock.now()), store, transport, clock);
  CHECK(daemon.snapshot().jobs.jobs.empty());
  daemon.turn();
  const Snapshot shown = daemon.snapshot();
  CHECK(shown.taken_at == clock.now().instant);
  REQUIRE(shown.jobs.jobs.size() == 1);
  CHECK(shown.jobs.jobs[0].spec.range == submit.spec.range);
  CHECK(shown.agents.agents.empty());
}

// ---------------------------------------------------------------- where it listens

TEST_CASE("an address is a host and a port, and nothing else") {
  const auto reads = [](const char* text) {
    const auto address = parse_http_address(text);
    return address ? to_text(*address) : "";
  };
  CHECK(reads("127.0.0.1:7701") == "127.0.0.1:7701");
  CHECK(reads("localhost:0") == "localhost:0");
  CHECK(reads("127.0.0.1:*") == "127.0.0.1:0");
  CHECK(reads("*:80") == "0.0.0.0:80");
  CHECK(reads("[::1]:80") == "[::1]:80");
  for (const char* text :
       {"", "7701", ":7701", "host", "host:", "host:65536", "host:-1", "host:1 ", "host:0x10", "::1:80",
        "[::1:80", "[]:80", "[[::1]]:80", "[localhost]:80", "tcp://127.0.0.1:80"}) {
    CAPTURE(text);
    CHECK(reads(text) == "");
  }
}

TEST_CASE("programs on the same machine reach a head that listens everywhere through loopback") {
  CHECK(to_text(local_address({.host = "0.0.0.0", .port = 80})) == "127.0.0.1:80");
  CHECK(to_text(local_address({.host = "::", .port = 80})) == "[::1]:80");
  CHECK(to_text(local_address({.host = "10.0.0.7", .port = 80})) == "10.0.0.7:80");
}

TEST_CASE("a taken port is refused with the way out") {
  const Site site;
  const HttpAddress taken = site.server->address();
  REQUIRE(taken.port != 0);
  try {
    const Listener listener(taken);
    FAIL("two listen at one port");
  } catch (const EnvironmentError& error) {
    CHECK(says(error.what(), to_text(taken)));
    CHECK(says(error.what(), "--http none"));
    CHECK(error.status() == ExitStatus::failed);
  }
}

TEST_CASE("every address that cannot be listened at is refused by its own reason") {
  const auto refusal = [](const HttpAddress& address) -> std::string {
    try {
      const Listener listener(address);
    } catch (const EnvironmentError& error) {
      CHECK(error.status() == ExitStatus::failed);
      CHECK(says(error.what(), "cannot listen at " + to_text(address) + " for HTTP: "));
      CHECK(says(error.what(), "--http none"));
      return error.what();
    }
    return "";
  };
  CHECK(says(refusal({.host = "192.0.2.1", .port = 0}), "no interface of this machine has that address"));
  const std::string ipv6 = refusal({.host = "2001:db8::1", .port = 0});
  CHECK((says(ipv6, "no interface of this machine has") || says(ipv6, "no addresses of that kind")));
  CHECK_FALSE(refusal({.host = "no such host", .port = 80}).empty());
  CHECK_FALSE(refusal({.host = "256.0.0.1", .port = 80}).empty());
  {
    const OtherUser nobody;
    if (nobody.has_no_right_to_port(80))
      CHECK(says(refusal({.host = "127.0.0.1", .port = 80}), "no right to that port"));
  }
  const auto listen = [&] { return refusal({.host = "127.0.0.1", .port = 0}); };
  CHECK(says(refusal_with_few_descriptors(0, listen), "Too many open files; raise ulimit -n"));
}

TEST_CASE("who gives no --http can do without it") {
  const auto read = [](std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    return parse_daemon_options(static_cast<int>(arguments.size()), arguments.data());
  };
  const auto given = read({"pqd", "--http", "127.0.0.1:7701"}).value();
  CHECK(given.http_is_asked_for);
  const auto silent = read({"pqd"}).value();
  CHECK_FALSE(silent.http_is_asked_for);
  REQUIRE((given.http && silent.http));
  CHECK(to_text(*given.http) == "127.0.0.1:7701");
  CHECK(to_text(*silent.http) == "127.0.0.1:7701");
  CHECK_FALSE(read({"pqd", "--http", "none"}).value().http.has_value());
}

TEST_CASE("names for HTTP are lists, and nothing but names") {
  const auto read = [](std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    return parse_daemon_options(static_cast<int>(arguments.size()), arguments.data()).value().http_hosts;
  };
  using Names = std::vector<std::string>;
  CHECK(read({"pqd"}).empty());
  CHECK(read({"pqd", "--http-host", "a.example, b", "--http-host", "c"}) == Names{"a.example", "b", "c"});
  for (const char* wrong : {"a:80", "*", "a,,b", "http://a", "a b"})
    CHECK_THROWS_AS(read({"pqd", "--http-host", wrong}), EnvironmentError);
}

}  // namespace pq::tests
