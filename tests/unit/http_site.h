// A head's HTTP side on loopback, over a queue that is told, and clients that say what they like.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/os/clock.h"
#include "common/protocol/messages.h"
#include "daemon/http/agent_files.h"
#include "daemon/http/listener.h"
#include "daemon/http/server.h"
#include "daemon/view/snapshots.h"
#include "tests/rooms.h"

namespace pq::tests {

// Time that stands still until it is moved on: a picture that was taken just now stays fresh.
class TestClock final : public Clock {
 public:
  Now now() const override { return {.instant = {at_.load()}, .unix_ms = 1'700'000'000'000}; }
  void passes(Duration duration) { at_ = at_.load() + duration; }

 private:
  std::atomic<Duration> at_ = Duration(std::chrono::hours(1));
};

inline JobReport job_shown(std::uint64_t id) {
  JobReport report;
  report.job = JobId{id};
  report.spec.range = {10'000'000, 60'000'000};
  report.spec.name = "caf\xe9 \"<b>\"";  // Latin-1: no UTF-8
  report.state = JobState::running;
  report.done = 25'000'000;
  report.value = Value(Int128{1'500'000});
  report.rate_per_s = 5e6;
  return report;
}

inline Snapshot picture(Instant taken_at) {
  AgentReport agent;
  agent.name = "spot-1";
  agent.slots = 4;
  agent.labels = {{"arch", "x86_64"}};
  Snapshot snapshot{
      .taken_at = taken_at, .jobs = {.jobs = {job_shown(7), job_shown(9)}}, .agents = {.agents = {agent}}};
  for (const JobReport& one : snapshot.jobs.jobs) {
    snapshot.details[one.job] = JobDetail{};
    snapshot.details[one.job]->job = one;
    snapshot.details[one.job]->ledger = {
        .job = one.job, .range = one.spec.range, .spans = {{.range = one.spec.range}}, .spans_in_all = 1};
    snapshot.details[one.job]->explanation = {
        .job = one.job, .state = one.state, .reasons = {{"runs", "", {}}}};
  }
  for (const std::uint64_t none : {6U, 8U}) snapshot.details[JobId{none}] = std::nullopt;
  return snapshot;
}

inline int connect_to(const HttpAddress& address) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(address.port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 60, .tv_usec = 0};  // then a test fails; none that passes comes near it
  const int few =
      1 << 16;  // bytes that wait for a client that does not read: so a test needs no large answers
  REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few) == 0);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  return fd;
}

// A client that sends what it likes.
class RawClient {
 public:
  explicit RawClient(const HttpAddress& address) : fd_(connect_to(address)) {}
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False: the server has closed before it had all.
  bool says(const std::string& bytes) {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  void ends() { ::shutdown(fd_, SHUT_WR); }

  // The first that comes.
  std::string hears_some() {
    std::array<char, 4096> part{};
    const ssize_t count = ::recv(fd_, part.data(), part.size(), 0);
    return {part.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }

  // All that comes until the server closes. Fails if it does not.
  std::string hears() {
    std::string all;
    std::array<char, 4096> part{};
    while (true) {
      const ssize_t count = ::recv(fd_, part.data(), part.size(), 0);
      CHECK((count >= 0 || errno == ECONNRESET));
      if (count <= 0) return all;
      all.append(part.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  int fd_;
};

// A server with one picture, that stays fresh as long as the clock stands still.
struct Site {
  explicit Site(std::optional<Snapshot> shown = std::nullopt) {
    shown_ = shown ? *shown : picture(clock.now().instant);
    snapshots.publish(shown_);
    server.emplace(HttpAddress{.host = "127.0.0.1"}, snapshots, agents, clock);
  }

  httplib::Client client() const {
    httplib::Client made("127.0.0.1", server->address().port);
    made.set_read_timeout(60, 0);  // for a busy machine; whoever waits for a slow client waits for ever
    return made;
  }

  httplib::Response get(const std::string& path) const {
    const auto result = client().Get(path);
    REQUIRE(result);
    return *result;
  }

  TestClock clock;
  Snapshots snapshots{clock};
  AgentFiles agents{"/nowhere"};
  Snapshot shown_;
  std::optional<HttpServer> server;
};

}  // namespace pq::tests
