// Streams of changes over real connections: many clients, slow ones and ones that go away among them.

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "common/os/wait.h"
#include "daemon/http/limits.h"
#include "tests/rooms.h"
#include "tests/unit/http_site.h"
#include "tests/unit/serving_head.h"
#include "tests/unit/stream_text.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr const char* question = "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";

// A client that reads as it likes.
class Listening {
 public:
  explicit Listening(const HttpAddress& address) : fd_(connect_to(address)) {
    REQUIRE(::send(fd_, question, std::string(question).size(), MSG_NOSIGNAL) > 0);
  }
  ~Listening() { ::close(fd_); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  // False: it has been cut off.
  bool reads() {
    std::array<char, 65536> part{};
    wait_readable(patience_max, std::array{fd_});
    const ssize_t count = ::recv(fd_, part.data(), part.size(), 0);
    CHECK((count >= 0 || errno == ECONNRESET));
    if (count > 0) heard_.append(part.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  std::string headers() const { return heard_.substr(0, heard_.find("\r\n\r\n")); }
  std::vector<StreamEvent> events() const { return events_in(heard_.substr(heard_.find("\r\n\r\n") + 4)); }

  // Reads until so many of a kind have come in all. Does not look at what is in them: it must be quick.
  void hears(const std::string& word, std::size_t times = 1) {
    const std::string line = "\nevent: " + word + "\n";
    std::size_t count = 0;
    for (std::size_t from = 0; count < times;) {
      const std::size_t found = heard_.find(line, from);
      if (found == std::string::npos) {
        from = heard_.size() - std::min(heard_.size(), line.size());
        REQUIRE(reads());
      } else {
        from = found + line.size();
        count += 1;
      }
    }
    while (!heard_.ends_with("\n\n")) REQUIRE(reads());
  }

  // Reads until it has been cut off.
  void ends() {
    const Instant began = instant_now();
    while (reads()) REQUIRE(instant_now() - began < patience_max);
  }

  void says(const std::string& bytes) { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

 private:
  int fd_;
  std::string heard_;
};

// A turn that takes pictures when they are wanted.
struct Turning {
  explicit Turning(Site& of) : site(of) {}
  ~Turning() {
    stops = true;
    thread.join();
  }
  Turning(const Turning&) = delete;
  Turning& operator=(const Turning&) = delete;

  Site& site;
  std::atomic<bool> stops = false;
  std::atomic<int> pictures = 0;
  std::atomic<std::size_t> padding = 0;  // bytes of a text in each picture
  std::thread thread{[this] {
    while (!stops) {
      site.clock.passes(20ms);
      wait_readable(5ms, std::array{site.snapshots.wanted_fd()});
      if (!site.snapshots.are_wanted()) continue;
      Snapshot shown = picture(site.clock.now().instant);
      shown.jobs.jobs[0].done += static_cast<std::uint64_t>(++pictures);
      shown.jobs.jobs[0].error = std::string(padding, 'x');
      site.snapshots.publish(shown);
    }
  }};
};

}  // namespace

TEST_CASE("a stream has its headers, the whole state, and then what changes") {
  Site site;
  const Turning turning(site);
  Listening client(site.server->address());
  client.hears("tick", 3);
  CHECK(client.headers().starts_with("HTTP/1.1 200 OK\r\n"));
  for (const char* header :
       {"Content-Type: text/event-stream", "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
        "Connection: close", "Content-Security-Policy: default-src 'self'"}) {
    CAPTURE(header);
    CHECK(says(client.headers(), header));
  }
  CHECK_FALSE(says(client.headers(), "Content-Length"));
  CHECK_FALSE(says(client.headers(), "Transfer-Encoding"));
  std::string words;
  for (const StreamEvent& event : client.events()) words += event.word + " ";
  CHECK(words == "jobs agents events history tick jobs tick jobs tick ");
  CHECK(client.events().at(0).data.at("jobs").size() == 2);
  CHECK(client.events().at(5).data.at("jobs").size() == 1);
}

TEST_CASE("one that comes later is told all at once, and then the same as the others") {
  Site site;
  const Turning turning(site);
  Listening first(site.server->address());
  first.hears("tick", 2);
  Listening second(site.server->address());
  second.hears("tick", 2);
  first.hears("tick", 3);
  const auto last = second.events().back();
  CHECK(last.word == "tick");
  bool is_told_to_both = false;
  for (const StreamEvent& event : first.events())
    is_told_to_both = is_told_to_both || event.data == last.data;
  CHECK(is_told_to_both);
}

TEST_CASE("a head that nobody listens to takes no pictures") {
  Site site;
  Turning turning(site);
  std::this_thread::sleep_for(100ms);
  CHECK(turning.pictures == 0);
  { Listening(site.server->address()).hears("tick"); }
  CHECK(turning.pictures > 0);
  // On a busy machine it takes a while until it is noticed that nobody listens any more.
  bool is_at_rest = false;
  for (const Instant end = instant_now() + patience_max; !is_at_rest && instant_now() < end;) {
    const int then = turning.pictures;
    std::this_thread::sleep_for(2 * limits::stream_pulse);
    is_at_rest = turning.pictures == then;
  }
  CHECK(is_at_rest);
}

TEST_CASE("the stop cuts off all streams at once") {
  Site site;
  const Turning turning(site);
  std::list<Listening> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(site.server->address()).hears("tick");
  expect_to_return([&] { site.server.reset(); });
  for (Listening& client : clients) {
    client.ends();
  }
}

TEST_CASE("a head that hangs holds up neither the stop nor the headers") {
  Site site;
  site.clock.passes(1h);  // and no turn comes
  Listening client(site.server->address());
  CHECK(client.reads());
  CHECK(says(client.headers(), "text/event-stream"));
  expect_to_return([&] { site.server.reset(); });
}

TEST_CASE("a client that does not read is cut off, and the others are told meanwhile") {
  Site site;
  Turning turning(site);
  turning.padding = 1 << 21;  // in some seconds more piles up than the backlog
  Listening slow(site.server->address());
  Listening quick(site.server->address());
  quick.hears("tick", 4);
  turning.padding = 0;
  quick.hears("tick", 6);
  slow.ends();
  CHECK(slow.events().size() < quick.events().size());
}

TEST_CASE("a client that is behind for too long is cut off, however little it leaves") {
  Site site;
  Turning turning(site);
  turning.padding = 1 << 21;  // more than sockets hold, once
  site.clock.passes(1h);      // and the small picture that was there before is too old for anybody
  Listening slow(site.server->address());
  REQUIRE(slow.reads());  // it has begun
  Listening quick(site.server->address());
  quick.hears("tick", 1);
  turning.padding = 0;
  site.clock.passes(limits::stream_behind_longest);
  quick.hears("tick", 3);
  slow.ends();
  CHECK(slow.events().size() < 6);
}

TEST_CASE("a client that says more than its question is cut off") {
  Site site;
  const Turning turning(site);
  Listening client(site.server->address());
  client.hears("tick");
  client.says("GET /");
  client.ends();
}

TEST_CASE("there are so many places for streams, and one that was left is another's") {
  Site site;
  const Turning turning(site);
  std::list<Listening> clients;
  for (std::size_t i = 0; i < limits::streams_max; ++i) clients.emplace_back(site.server->address());
  for (Listening& client : clients) client.hears("tick");
  const httplib::Response refused = site.get("/api/v1/stream");
  CHECK(refused.status == 503);
  CHECK(says(refused.body, "256 streams are open"));
  CHECK(refused.get_header_value("Retry-After") == "5");
  CHECK(site.get("/healthz").body == "ok\n");
  clients.pop_front();
  const Instant before = instant_now();
  std::string heard;
  while (!heard.starts_with("HTTP/1.1 200 ") && instant_now() - before < patience_max) {
    RawClient again(site.server->address());
    again.says(question);
    heard = again.hears_some();
  }
  CHECK(heard.starts_with("HTTP/1.1 200 "));
}

}  // namespace pq::tests
