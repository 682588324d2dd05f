// A head's socket and list of keys with real connections on loopback, and what has arrived there; for tests.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/net/socket.h"
#include "common/os/clock.h"
#include "common/protocol/limits.h"
#include "daemon/gate/zmq_transport.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {

inline constexpr Duration patience_max = std::chrono::seconds(60);  // no test that passes comes near it
inline constexpr Duration glance = std::chrono::milliseconds(2);

inline Instant instant_now() { return SystemClock().now().instant; }

// It returns by itself, in whatever time. Where a test's clock stands still, nothing that waits for its end
// does.
inline void expect_to_return(const std::function<void()>& action) {
  auto done = std::async(std::launch::async, action);
  REQUIRE(done.wait_for(patience_max) == std::future_status::ready);
}

struct Pipe {
  Pipe() { REQUIRE(::pipe(ends.data()) == 0); }
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return ends[0]; }
  void make_readable() const { REQUIRE(::write(ends[1], "x", 1) == 1); }

  std::array<int, 2> ends{};
};

inline bool wait_for(Dealer& dealer, const std::function<bool()>& happened) {
  for (const Instant end = instant_now() + patience_max; !happened();) {
    if (instant_now() > end) return false;
    dealer.wait(end - instant_now());
  }
  return true;
}

// A head's transport with the keys of a first start, and what has arrived there.
struct ServingHead {
  explicit ServingHead(const std::string& listen = "tcp://127.0.0.1:*") {
    std::filesystem::create_directory(paths.dir);
    transport.emplace(paths, listen, clock, std::vector{stop.reading()});
    agent = read_key_file(paths.agent_key());
    public_key = read_key_file(paths.head_key()).public_key;
  }

  Credentials credentials(const KeyPair& own) const {
    return {.head_endpoint = transport->endpoint(), .head_public_key = public_key, .own = own};
  }
  Dealer dial(const KeyPair& own) const { return {credentials(own), limits::client_message_bytes_max}; }

  // Serves until it has happened.
  bool serves_until(const std::function<bool()>& happened, std::size_t messages_max = 100) {
    for (const Instant end = instant_now() + patience_max; !happened();) {
      if (instant_now() > end) return false;
      for (Incoming& message : transport->receive(instant_now() + glance, messages_max))
        inbox.push_back(std::move(message));
    }
    return true;
  }

  bool connects(Dealer& dealer) {
    return serves_until([&] { return dealer.link() == Link::up; });
  }

  bool hears(std::size_t count) {
    return serves_until([&] { return inbox.size() >= count; });
  }

  ScratchDir scratch;
  StatePaths paths = scratch.state();
  SystemClock clock;
  Pipe stop;
  std::optional<ZmqTransport> transport;
  KeyPair agent;
  std::string public_key;
  std::vector<Incoming> inbox;
};

}  // namespace pq::tests
