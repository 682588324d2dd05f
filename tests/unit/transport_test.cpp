#include "daemon/gate/zmq_transport.h"

#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/net/zmq_socket.h"
#include "common/os/files.h"
#include "common/protocol/limits.h"
#include "daemon/gate/limits.h"
#include "tests/rooms.h"
#include "tests/unit/serving_head.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// A peer that has a key but not our manners.
struct RawPeer {
  RawPeer(const ServingHead& head, const std::string& routing_id, int unread_max = 0) {
    socket.set(ZMQ_LINGER, 0);
    if (unread_max > 0) socket.set(ZMQ_RCVHWM, unread_max);
    if (!routing_id.empty()) socket.set(ZMQ_ROUTING_ID, routing_id);
    socket.set(ZMQ_CURVE_SERVERKEY, head.public_key);
    socket.set_keys(head.agent);
    REQUIRE(zmq_connect(socket.handle(), head.transport->endpoint().c_str()) == 0);
  }

  Socket socket{ZMQ_DEALER};
};

}  // namespace

TEST_CASE("a message of a known key arrives whole, with the role and name of its line") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  CHECK_FALSE(dealer.send("too early"));
  REQUIRE(head.connects(dealer));
  const std::string bytes("\0binary\xff", 8);
  REQUIRE(dealer.send(bytes));
  REQUIRE(head.hears(1));
  CHECK(head.inbox[0].bytes == bytes);
  CHECK(head.inbox[0].sender.role == Role::agent);
  CHECK(head.inbox[0].sender.name == "local-agent");
  CHECK(head.inbox[0].sender.public_key == head.agent.public_key);

  head.transport->send({{.peer = head.inbox[0].peer, .bytes = "answer"}});
  std::optional<std::string> answer;
  REQUIRE(wait_for(dealer, [&] { return (answer = dealer.receive()).has_value(); }));
  CHECK(answer == "answer");
  CHECK_FALSE(dealer.receive().has_value());
  CHECK(head.transport->losses().dropped == 0);
  CHECK(head.transport->losses().undelivered == 0);
}

TEST_CASE("an unknown key is told so, and not one byte of it arrives") {
  ServingHead head;
  Dealer stranger = head.dial(new_key_pair());
  REQUIRE(head.serves_until([&] {
    CHECK_FALSE(stranger.send("let me in"));
    return stranger.link() != Link::connecting;
  }));
  CHECK(stranger.link() == Link::key_refused);
  CHECK(head.inbox.empty());
  CHECK(head.transport->losses().dropped == 0);
}

TEST_CASE("a key that is authorized while the head runs gets in") {
  ServingHead head;
  const KeyPair guest = new_key_pair();
  const Principal owner{.role = Role::operator_, .public_key = {}, .name = "owner"};
  REQUIRE(head.transport->authorize({.role = Role::viewer, .public_key = guest.public_key, .name = "guest"},
                                    owner));
  Dealer dealer = head.dial(guest);
  REQUIRE(head.connects(dealer));
  REQUIRE(dealer.send("hello"));
  REQUIRE(head.hears(1));
  CHECK(head.inbox[0].sender.role == Role::viewer);
  CHECK(head.inbox[0].sender.name == "guest");
}

TEST_CASE("a key that is taken off the list is not heard any more, though its connection lives") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  REQUIRE(dealer.send("before"));
  REQUIRE(head.hears(1));

  REQUIRE(replace_file(head.paths.authorized_keys(), "# nobody\n"));
  REQUIRE(dealer.send("while off the list"));
  REQUIRE(head.serves_until([&] { return head.transport->losses().dropped == 1; }));
  CHECK(dealer.link() == Link::up);
  CHECK(head.inbox.size() == 1);

  REQUIRE(replace_file(head.paths.authorized_keys(), "viewer " + head.agent.public_key + " demoted\n"));
  REQUIRE(dealer.send("on it again"));
  REQUIRE(head.hears(2));
  CHECK(head.inbox[1].bytes == "on it again");
  CHECK(head.inbox[1].sender.role == Role::viewer);
}

TEST_CASE("whoever speaks with a key that is gone for good is known as such, so that it can be told") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  REQUIRE(replace_file(head.paths.authorized_keys(), "# nobody\n"));
  REQUIRE(head.serves_until([&] { return !head.transport->take_revoked().empty(); }));
  REQUIRE(dealer.send("am I not let in?"));
  REQUIRE(head.hears(1));
  CHECK(head.inbox[0].is_revoked);
  CHECK(head.inbox[0].sender.public_key == head.agent.public_key);
  CHECK(head.inbox[0].sender.role == Role::viewer);
}

TEST_CASE("a peer that chooses its own routing id is not heard") {
  ServingHead head;
  RawPeer peer(head, "fleet-7");
  REQUIRE(peer.socket.send("I am fleet-7"));
  REQUIRE(head.serves_until([&] { return head.transport->losses().dropped == 1; }));
  CHECK(head.inbox.empty());
}

TEST_CASE("a message of several frames is dropped whole, and the next one is read properly") {
  ServingHead head;
  RawPeer peer(head, "");
  REQUIRE(peer.socket.send("one", ZMQ_SNDMORE));
  REQUIRE(peer.socket.send("two", ZMQ_SNDMORE));
  REQUIRE(peer.socket.send("three"));
  REQUIRE(peer.socket.send("proper"));
  REQUIRE(head.hears(1));
  CHECK(head.inbox[0].bytes == "proper");
  CHECK(head.transport->losses().dropped == 1);
}

TEST_CASE(
    "a message as large as the limit arrives; a larger one costs its sender the connection, and nobody "
    "else") {
  ServingHead head;
  Dealer greedy = head.dial(head.agent);
  Dealer modest = head.dial(read_key_file(head.paths.operator_key()));
  REQUIRE(head.connects(greedy));
  REQUIRE(head.connects(modest));
  REQUIRE(greedy.send(std::string(limits::message_bytes_max, 'a')));
  REQUIRE(modest.send("first"));
  REQUIRE(head.hears(2));
  const auto peer_of = [&](const std::string& bytes_begin) -> PeerId {
    for (const Incoming& message : head.inbox) {
      if (message.bytes.starts_with(bytes_begin)) return message.peer;
    }
    return {};
  };
  const PeerId greedy_before = peer_of("a");
  const PeerId modest_before = peer_of("first");
  CHECK(greedy_before != modest_before);
  head.inbox.clear();

  REQUIRE(greedy.send(std::string(limits::message_bytes_max + 1, 'b')));
  REQUIRE(head.serves_until([&] {
    greedy.send("again");
    return peer_of("again") != PeerId{} && peer_of("again") != greedy_before;
  }));
  REQUIRE(modest.send("second"));
  REQUIRE(head.serves_until([&] { return peer_of("second") != PeerId{}; }));
  CHECK(peer_of("second") == modest_before);
  CHECK(peer_of("b") == PeerId{});
}

TEST_CASE("an answer to a peer that is gone is counted and harms nobody") {
  ServingHead head;
  std::optional<Dealer> dealer = head.dial(head.agent);
  REQUIRE(head.connects(*dealer));
  REQUIRE(dealer->send("and gone"));
  REQUIRE(head.hears(1));
  dealer.reset();
  REQUIRE(head.serves_until([&] {
    head.transport->send({{.peer = head.inbox[0].peer, .bytes = "too late"}});
    return head.transport->losses().undelivered > 0;
  }));
  head.transport->send(
      {{.peer = PeerId{12345}, .bytes = "to nobody"}, {.peer = PeerId{~0ULL}, .bytes = "to nobody"}});
  CHECK(head.transport->losses().undelivered == 3);
}

TEST_CASE("what is sent just before the end of a dealer arrives") {
  ServingHead head;
  constexpr std::size_t count = 300;
  {
    Dealer dealer = head.dial(head.agent);
    REQUIRE(head.connects(dealer));
    for (std::size_t i = 1; i < count; ++i) REQUIRE(dealer.send(std::string(10'000, 'x')));
    REQUIRE(dealer.send("goodbye"));
  }
  REQUIRE(head.hears(count));
  CHECK(head.inbox.back().bytes == "goodbye");
}

TEST_CASE("a peer with as many questions under way as a turn takes gets all answers, in order") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  // So large that they fill what is between the two: each answer that is read makes room for just the next
  // one.
  const std::string padding(10'000, 'x');
  constexpr int count = 6000;
  int sent = 0;
  int answered = 0;
  std::deque<OutgoingBytes> waiting;
  for (const Instant end = instant_now() + patience_max; answered < count && instant_now() < end;) {
    constexpr int at_once = static_cast<int>(limits::messages_per_turn);
    while (sent < std::min(count, answered + at_once) && dealer.send(std::to_string(sent))) ++sent;
    for (Incoming& message : head.transport->receive(instant_now() + glance, limits::messages_per_turn))
      waiting.push_back({.peer = message.peer, .bytes = message.bytes + padding});
    while (!waiting.empty() && head.transport->has_room(waiting.front().peer)) {
      head.transport->send({waiting.front()});
      waiting.pop_front();
    }
    while (const auto answer = dealer.receive()) {
      if (*answer == std::to_string(answered) + padding) ++answered;
      if (sent < count && dealer.send(std::to_string(sent))) ++sent;
    }
  }
  CHECK(answered == count);
  CHECK(head.transport->losses().undelivered == 0);
}

TEST_CASE("a peer that does not read has no room for answers, and beyond a bound is sent nothing at all") {
  ServingHead head;
  RawPeer slow(head, "", 1);
  REQUIRE(slow.socket.send("question"));
  REQUIRE(head.hears(1));
  const PeerId peer = head.inbox.back().peer;
  CHECK(head.transport->has_room(peer));
  const OutgoingBytes answer{.peer = peer, .bytes = std::string(1 << 20, 'x')};
  int sent = 0;
  for (const Instant end = instant_now() + patience_max;
       head.transport->has_room(peer) && instant_now() < end;) {
    head.transport->send({answer});
    ++sent;
  }
  CHECK_FALSE(head.transport->has_room(peer));
  constexpr int far_too_many = 100;
  for (int i = 0; i < far_too_many; ++i) head.transport->send({answer});
  const auto dropped = static_cast<int>(head.transport->losses().undelivered);
  CHECK(dropped > far_too_many / 2);
  const int expected = sent + far_too_many - dropped;
  int read = 0;
  for (const Instant end = instant_now() + patience_max; read < expected && instant_now() < end;) {
    Frame frame;
    if (frame.receive(slow.socket)) ++read;
  }
  CHECK(read == expected);
  for (const Instant end = instant_now() + patience_max;
       !head.transport->has_room(peer) && instant_now() < end;) {
  }
  CHECK(head.transport->has_room(peer));
}

TEST_CASE("a head that always has messages to read still lets others in") {
  ServingHead head;
  Dealer busy = head.dial(head.agent);
  REQUIRE(head.connects(busy));
  constexpr int backlog = 900;
  for (int i = 0; i < backlog; ++i) REQUIRE(busy.send("much"));
  Dealer late = head.dial(read_key_file(head.paths.operator_key()));
  int read = 0;
  while (read < backlog / 2 && late.link() != Link::up) {
    read += static_cast<int>(head.transport->receive(instant_now() + patience_max, 1).size());
    late.wait(1ms);
  }
  CHECK(late.link() == Link::up);
}

TEST_CASE("a batch of large messages is shorter, and the rest stays") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  constexpr std::size_t bytes = 1 << 19;
  constexpr std::size_t count = 40;
  std::size_t sent = 0;
  std::size_t read = 0;
  for (const Instant end = instant_now() + patience_max; read < count && instant_now() < end;) {
    while (sent < count && dealer.send(std::string(bytes, 'x'))) ++sent;
    const auto batch = head.transport->receive(instant_now() + glance, 100);
    CHECK(batch.size() * bytes <= limits::batch_bytes_max);
    read += batch.size();
  }
  CHECK(read == count);
}

TEST_CASE("a batch is at most what was asked for, and the rest stays") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  for (int i = 0; i < 10; ++i) REQUIRE(dealer.send(std::to_string(i)));
  std::vector<std::string> all;
  for (const Instant end = instant_now() + patience_max; all.size() < 10 && instant_now() < end;) {
    const auto batch = head.transport->receive(instant_now() + glance, 3);
    CHECK(batch.size() <= 3);
    for (const Incoming& message : batch) all.push_back(message.bytes);
  }
  CHECK(all == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

TEST_CASE("receive ends at its deadline, and at once when it is time to stop") {
  ServingHead head;
  const Instant deadline = instant_now() + 20ms;
  CHECK(head.transport->receive(deadline, 100).empty());
  CHECK(instant_now() >= deadline);
  head.stop.make_readable();
  CHECK(head.transport->receive(Instant::never(), 100).empty());
  CHECK(head.transport->receive(Instant::never(), 100).empty());  // the signal is the owner's to take
}

TEST_CASE("a head leaves its address where local programs look for it") {
  ServingHead head;
  CHECK(bytes_of(head.paths.head_endpoint()) == head.transport->endpoint() + "\n");
  CHECK(head.transport->endpoint().find('*') == std::string::npos);
  CHECK(local_endpoint("tcp://0.0.0.0:7700") == "tcp://127.0.0.1:7700");
  CHECK(local_endpoint("tcp://[::]:7700") == "tcp://127.0.0.1:7700");
  CHECK(local_endpoint("tcp://10.1.2.3:7700") == "tcp://10.1.2.3:7700");
}

TEST_CASE("a head that listens everywhere can be reached with what it left in its state directory") {
  ServingHead head("tcp://*:*");
  CredentialSources sources;
  sources.state_dir = head.paths.dir;
  const auto credentials = find_credentials(sources);
  REQUIRE(credentials.has_value());
  Dealer dealer(*credentials, limits::client_message_bytes_max);
  REQUIRE(head.connects(dealer));
  REQUIRE(dealer.send("hello"));
  REQUIRE(head.hears(1));
  CHECK(head.inbox[0].sender.role == Role::operator_);
}

}  // namespace pq::tests
