// What is on its way to each peer, by what the kernel says of its connection.
#include "daemon/gate/outflow.h"

#include <doctest/doctest.h>

#include <map>

#include "daemon/gate/limits.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

// Connections by their descriptors, with what they have not sent.
struct Kernel {
  std::map<int, std::size_t> unsent;
  int asked = 0;
  Outflow outflow{[this](int connection) -> std::optional<std::size_t> {
    ++asked;
    const auto found = unsent.find(connection);
    return found == unsent.end() ? std::nullopt : std::optional(found->second);
  }};
};

constexpr PeerId peer{1};
constexpr PeerId other{2};

}  // namespace

TEST_CASE("the kernel is asked only when much may be on its way, and what has left makes room") {
  Kernel kernel;
  Outflow& outflow = kernel.outflow;
  outflow.hear(peer, 7);
  kernel.unsent[7] = 1;
  CHECK(outflow.add(peer, limits::answers_unsent_max));
  CHECK(outflow.has_room(peer));
  CHECK(kernel.asked == 0);
  CHECK(outflow.add(peer, 1));
  CHECK_FALSE(outflow.has_room(peer));
  CHECK(kernel.asked == 1);
  CHECK(outflow.add(peer, 1));  // an order, or the answer to a change
  kernel.unsent[7] = 0;
  CHECK(outflow.has_room(peer));
  CHECK(outflow.has_room(peer));
  CHECK(kernel.asked == 2);
}

TEST_CASE("one message may be large, and no more follows it until it has left") {
  Kernel kernel;
  Outflow& outflow = kernel.outflow;
  outflow.hear(peer, 7);
  outflow.hear(other, 8);
  kernel.unsent[7] = kernel.unsent[8] = 1;
  CHECK(outflow.add(peer, 4 * limits::unsent_bytes_max));
  CHECK_FALSE(outflow.add(peer, 1));
  CHECK(outflow.add(other, 1));
  kernel.unsent[7] = 0;
  CHECK(outflow.add(peer, 1));
}

TEST_CASE("a connection that is closed, and a peer that was not heard for long, hold nothing up") {
  Kernel kernel;
  Outflow& outflow = kernel.outflow;
  outflow.hear(peer, 7);
  CHECK(outflow.add(peer, 2 * limits::unsent_bytes_max));
  CHECK(outflow.has_room(peer));  // the kernel knows no such connection
  kernel.unsent[7] = 1;
  CHECK(outflow.add(peer, 2 * limits::unsent_bytes_max));
  outflow.forget_silent();
  CHECK_FALSE(outflow.has_room(peer));
  outflow.forget_silent();
  CHECK(outflow.has_room(peer));
  CHECK(outflow.add(other, 4 * limits::unsent_bytes_max));  // never heard
  CHECK(outflow.add(other, 1));
}

}  // namespace pq::tests
