// Messages to a supervisor, received by a socket of the test.
#include "common/os/supervisor.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

Instant at(Duration since_boot) { return {since_boot}; }

// Listens where NOTIFY_SOCKET says. `name` as there: a path, or an abstract name after an @.
class Listener {
 public:
  explicit Listener(std::string name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name[0] == '@') name[0] = '\0';
    std::memcpy(address.sun_path, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // All datagrams since the last call.
  Lines heard() {
    Lines lines;
    std::array<char, 4096> bytes{};
    while (true) {
      const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), 0);
      if (size < 0) return lines;
      lines.emplace_back(bytes.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  int fd_;
};

struct Service {
  ScratchDir scratch;
  Listener listener{(scratch.path() / "notify").string()};
};

// With the head of a service whose watchdog barks after 10 s.
struct WatchedService : Service {
  explicit WatchedService(const char* interval_us = "10000000", const std::string& pid = "") {
    setenv("WATCHDOG_USEC", interval_us, 1);
    if (!pid.empty()) setenv("WATCHDOG_PID", pid.c_str(), 1);
  }
};

}  // namespace

TEST_CASE("a program without a supervisor tells nobody anything, and need not wake up for it") {
  unsetenv("NOTIFY_SOCKET");
  setenv("WATCHDOG_USEC", "10000000", 1);
  Supervisor supervisor;
  supervisor.say_ready();
  supervisor.feed_watchdog(at(1s));
  CHECK(supervisor.next_deadline() == Instant::never());
  CHECK_FALSE(supervisor.takes_status(at(1s)));
  supervisor.tell_status("goes nowhere", at(1s));
  supervisor.say_stopping();
}

TEST_CASE("a supervisor is told when the program serves, what it does and when it ends") {
  Service service;
  Supervisor supervisor;
  CHECK(service.listener.heard().empty());
  supervisor.say_ready();
  supervisor.tell_status("3 jobs running", at(1s));
  supervisor.say_stopping();
  CHECK(service.listener.heard() == Lines{"READY=1", "STATUS=3 jobs running", "STOPPING=1"});
}

TEST_CASE("a supervisor may listen at an abstract name") {
  Listener listener("@pq-test-" + std::to_string(::getpid()));
  Supervisor supervisor;
  supervisor.say_ready();
  CHECK(listener.heard() == Lines{"READY=1"});
}

TEST_CASE("programs that are started later cannot speak to the supervisor") {
  WatchedService service("10000000", std::to_string(::getpid()));
  const Supervisor supervisor;
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    CAPTURE(name);
    CHECK(std::getenv(name) == nullptr);
  }
}

TEST_CASE("the watchdog is fed by turns, and by each one that comes half its time after the last food") {
  WatchedService service;
  Supervisor supervisor;
  CHECK(supervisor.next_deadline() <= at(100s));  // at once
  supervisor.feed_watchdog(at(100s));
  CHECK(service.listener.heard() == Lines{"WATCHDOG=1"});
  CHECK(supervisor.next_deadline() == at(105s));
  supervisor.feed_watchdog(at(104s));
  CHECK(service.listener.heard().empty());
  supervisor.feed_watchdog(at(107s));
  CHECK(service.listener.heard() == Lines{"WATCHDOG=1"});
  CHECK(supervisor.next_deadline() == at(112s));
}

TEST_CASE("a watchdog that watches another process is not fed") {
  WatchedService service("10000000", "1");
  Supervisor supervisor;
  supervisor.feed_watchdog(at(1s));
  CHECK(supervisor.next_deadline() == Instant::never());
  CHECK(service.listener.heard().empty());
}

TEST_CASE("a watchdog without a sensible time is none") {
  for (const char* interval_us : {"0", "", "-1", "10s", "99999999999999999999", "18446744073709551615"}) {
    CAPTURE(interval_us);
    WatchedService service(interval_us);
    Supervisor supervisor;
    supervisor.feed_watchdog(at(1s));
    CHECK(supervisor.next_deadline() == Instant::never());
    CHECK(service.listener.heard().empty());
  }
}

TEST_CASE("a status is told at most once a second, only if it is another one, and as one line") {
  Service service;
  Supervisor supervisor;
  supervisor.tell_status("1 job running", at(10s));
  supervisor.tell_status("2 jobs running", at(10s + 999ms));  // too soon
  CHECK(service.listener.heard() == Lines{"STATUS=1 job running"});
  supervisor.tell_status("1 job running", at(11s));  // known
  CHECK(service.listener.heard().empty());
  CHECK_FALSE(supervisor.takes_status(at(11s)));  // nor was it worth finding out again
  supervisor.tell_status("no head\nREADY=1", at(12s));
  CHECK(service.listener.heard() == Lines{"STATUS=no head?READY=1"});
}

TEST_CASE("a supervisor that does not read holds nobody up, and hears the status when it reads again") {
  Service service;
  Supervisor supervisor;
  int told = 0;
  while (told < 100'000) {  // until its queue is full
    const Instant now = at(std::chrono::seconds(++told));
    supervisor.tell_status(std::to_string(told), now);
    if (told % 2 == 0) continue;
    supervisor.tell_status("odd", now + 500ms);
    if (told > 2'000) break;
  }
  const std::size_t queued = service.listener.heard().size();
  CHECK(queued > 0);
  CHECK(queued < 2'000);
  supervisor.tell_status(std::to_string(told), at(100'000s));
  CHECK(service.listener.heard() == Lines{"STATUS=" + std::to_string(told)});
}

TEST_CASE("a supervisor that is gone, or whose address makes no sense, is no trouble") {
  const std::string too_long(200, 'x');
  for (const std::string& name : {std::string("/nowhere/notify"), std::string("relative"), std::string("@"),
                                  "/" + too_long, std::string("vsock:2:1234")}) {
    CAPTURE(name);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    Supervisor supervisor;
    supervisor.say_ready();
    supervisor.tell_status("1 job running", at(1s));
    supervisor.say_stopping();
  }
}

}  // namespace pq::tests
