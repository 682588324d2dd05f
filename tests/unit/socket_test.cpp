#include "common/net/socket.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/net/zmq_socket.h"
#include "daemon/gate/router.h"
#include "daemon/gate/zap.h"
#include "tests/rooms.h"
#include "tests/unit/poor_process.h"
#include "tests/unit/serving_head.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

// A plain TCP listener: a program at the port that is not a head.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd_, plain, size) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    REQUIRE(::getsockname(fd_, plain, &size) == 0);
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const std::string& endpoint() const { return endpoint_; }
  int fd() const { return fd_; }

  void answer_one_as_a_web_server() const {
    const int client = ::accept(fd_, nullptr, nullptr);
    REQUIRE(client >= 0);
    const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(100, 'x');
    CHECK(::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) > 0);
    ::shutdown(client, SHUT_WR);
    std::array<char, 256> ignored;
    while (::read(client, ignored.data(), ignored.size()) > 0) {
    }
    ::close(client);
  }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  std::string endpoint_;
};

std::string error_of(const std::function<void()>& action, ExitStatus expected) {
  try {
    action();
  } catch (const EnvironmentError& error) {
    CHECK(error.status() == expected);
    return error.what();
  }
  return "";
}

int option_of(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

// This process's own descriptors that are connections of this port, at either end of it.
std::vector<int> connections_of(const std::string& endpoint) {
  const auto port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  std::vector<int> found;
  for (int fd = 0; fd < 4096; ++fd) {
    sockaddr_in own{};
    sockaddr_in other{};
    socklen_t own_size = sizeof own;
    socklen_t other_size = sizeof other;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 || own.sin_family != AF_INET ||
        ::getpeername(fd, reinterpret_cast<sockaddr*>(&other), &other_size) != 0)
      continue;
    if (own.sin_port == port || other.sin_port == port) found.push_back(fd);
  }
  return found;
}

Admission admit_only(const KeyPair& known, const std::string& key) {
  return key == known.public_key ? Admission::welcome : Admission::unknown;
}

}  // namespace

TEST_CASE("the kernel finds a connection whose other end is gone, from either end; nobody pings") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  const std::vector<int> ends = connections_of(head.transport->endpoint());
  REQUIRE(ends.size() == 2);
  for (const int end : ends) {
    CHECK(option_of(end, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option_of(end, IPPROTO_TCP, TCP_KEEPIDLE) == 15);
    CHECK(option_of(end, IPPROTO_TCP, TCP_KEEPINTVL) == 5);
    CHECK(option_of(end, IPPROTO_TCP, TCP_USER_TIMEOUT) == 20'000);
  }
  Socket socket(ZMQ_DEALER);
  set_dealer_options(socket, head.credentials(head.agent), 1000);
  for (const int option : {ZMQ_HEARTBEAT_IVL, ZMQ_HEARTBEAT_TTL}) {
    int value = -1;
    std::size_t size = sizeof value;
    REQUIRE(zmq_getsockopt(socket.handle(), option, &value, &size) == 0);
    CHECK(value == 0);
  }
}

TEST_CASE("a port that is taken is an error that says what to do") {
  const Listener other;
  CHECK(error_of([&] { ServingHead head(other.endpoint()); }, ExitStatus::failed) ==
        "cannot bind " + other.endpoint() + ": in use; stop the other daemon or pass --listen");
}

TEST_CASE("every address that a head cannot bind is refused by its own reason") {
  const auto refusal = [](const std::string& endpoint) {
    const std::string error = error_of(
        [&] { Router(endpoint, new_key_pair(), [](const std::string&) { return Admission::welcome; }); },
        ExitStatus::failed);
    CHECK(error.find("cannot bind " + endpoint + ": ") == 0);
    CHECK(says(error, "--listen"));
    return error;
  };
  CHECK(says(refusal("tcp://192.0.2.1:*"), "no interface of this machine has that address"));
  CHECK_FALSE(refusal("tcp://[2001:db8::1]:*").empty());
  for (const char* const name : {"tcp://localhost:*", "tcp://nowhere.invalid:7700", "tcp://256.0.0.1:7700"})
    CHECK(says(refusal(name), "neither an address nor an interface of this machine"));
  const OtherUser nobody;
  if (nobody.has_no_right_to_port(80)) CHECK(says(refusal("tcp://127.0.0.1:80"), "no right to that port"));
}

TEST_CASE("a process without descriptors is told so, and does not die of it") {
  prove_that_strangers_are_refused();  // what is opened once and kept is now open
  const Credentials credentials{.head_endpoint = "tcp://127.0.0.1:1",
                                .head_public_key = new_key_pair().public_key,
                                .own = new_key_pair()};
  for (std::size_t left = 0; left < 3; ++left) {
    const auto dial = [&] { return error_of([&] { Dealer(credentials, 1000); }, ExitStatus::failed); };
    CHECK(says(refusal_with_few_descriptors(left, dial), "raise ulimit -n"));
  }
}

TEST_CASE("what cannot be an endpoint is an error of usage") {
  for (const std::string endpoint : {"", "tcp:/x", "127.0.0.1:7700", "tcp://127.0.0.1", "tcp://:7700",
                                     "tcp://host:", "tcp://host:77x", "tcp://host:70000", "tcp://ho st:77",
                                     "tcp://a:b:77", "tcp://host/x:77", "http://host:80", "ipc:///tmp/x"}) {
    CAPTURE(endpoint);
    CHECK(
        error_of(
            [&] { Router(endpoint, new_key_pair(), [](const std::string&) { return Admission::welcome; }); },
            ExitStatus::usage)
            .find("cannot listen at " + endpoint) == 0);
    const Credentials credentials{
        .head_endpoint = endpoint, .head_public_key = new_key_pair().public_key, .own = new_key_pair()};
    CHECK(error_of([&] { Dealer(credentials, 1000); }, ExitStatus::usage)
              .find("cannot connect to " + endpoint) == 0);
  }
  for (const std::string endpoint : {"tcp://*:7700", "tcp://host:0", "tcp://host:*"}) {
    CAPTURE(endpoint);
    const Credentials credentials{
        .head_endpoint = endpoint, .head_public_key = new_key_pair().public_key, .own = new_key_pair()};
    CHECK_FALSE(error_of([&] { Dealer(credentials, 1000); }, ExitStatus::usage).empty());
  }
}

TEST_CASE("a dealer knows that nobody listens, and connects as soon as somebody does") {
  Listener taken;
  const KeyPair keys = new_key_pair();
  const KeyPair own = new_key_pair();
  taken.close();
  Dealer dealer({.head_endpoint = taken.endpoint(), .head_public_key = keys.public_key, .own = own}, 1000);
  REQUIRE(wait_for(dealer, [&] { return dealer.link() == Link::nobody_listens; }));
  Router router(taken.endpoint(), keys, [&](const std::string& key) { return admit_only(own, key); });
  for (const Instant end = instant_now() + patience_max; dealer.link() != Link::up && instant_now() < end;)
    router.wait(glance);
  CHECK(dealer.link() == Link::up);
}

TEST_CASE("a dealer knows when its head is gone") {
  std::optional<ServingHead> head;
  head.emplace();
  Dealer dealer = head->dial(head->agent);
  REQUIRE(head->connects(dealer));
  head.reset();
  REQUIRE(wait_for(dealer, [&] { return dealer.link() == Link::nobody_listens; }));
  CHECK_FALSE(dealer.send("anybody?"));
}

TEST_CASE("a head with another key is not taken for the right one") {
  ServingHead head;
  Credentials credentials = head.credentials(head.agent);
  credentials.head_public_key = new_key_pair().public_key;
  Dealer dealer(credentials, 1000);
  REQUIRE(head.serves_until([&] {
    CHECK_FALSE(dealer.send("secret"));
    return dealer.link() != Link::connecting;
  }));
  CHECK(dealer.link() == Link::wrong_head);
  CHECK(head.inbox.empty());
}

TEST_CASE("a dealer that is to come again does, and is let in once its key is beyond doubt") {
  const KeyPair keys = new_key_pair();
  const KeyPair own = new_key_pair();
  Admission answer = Admission::come_again;
  Router router("tcp://127.0.0.1:*", keys, [&](const std::string& /*key*/) { return answer; });
  Dealer dealer({.head_endpoint = router.endpoint(), .head_public_key = keys.public_key, .own = own}, 1000);
  const auto sees = [&](Link link) {
    for (const Instant end = instant_now() + patience_max; dealer.link() != link && instant_now() < end;)
      router.wait(glance);
    return dealer.link() == link;
  };
  REQUIRE(sees(Link::come_again));
  CHECK_FALSE(dealer.send("let me in"));
  answer = Admission::welcome;
  CHECK(sees(Link::up));
}

TEST_CASE("something else at the head's port is noticed, and a head that comes there later is found") {
  Listener web_server;
  const KeyPair keys = new_key_pair();
  const KeyPair own = new_key_pair();
  Dealer dealer({.head_endpoint = web_server.endpoint(), .head_public_key = keys.public_key, .own = own},
                1000);
  dealer.wait(patience_max, std::array{web_server.fd()});
  web_server.answer_one_as_a_web_server();
  web_server.close();
  REQUIRE(wait_for(dealer, [&] { return dealer.link() == Link::wrong_head; }));
  Router router(web_server.endpoint(), keys, [&](const std::string& key) { return admit_only(own, key); });
  for (const Instant end = instant_now() + patience_max; dealer.link() != Link::up && instant_now() < end;)
    router.wait(glance);
  CHECK(dealer.link() == Link::up);
}

TEST_CASE("a wait ends when one of the descriptors is readable") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  const Pipe pipe;
  pipe.make_readable();
  const Instant start = instant_now();
  dealer.wait(patience_max, std::array{pipe.reading()});
  CHECK(instant_now() - start < patience_max / 2);
}

TEST_CASE("a wait that nothing ends lasts as long as it was told") {
  ServingHead head;
  Dealer dealer = head.dial(head.agent);
  REQUIRE(head.connects(dealer));
  const Instant start = instant_now();
  dealer.wait(20ms);
  CHECK(instant_now() - start >= 20ms);
}

TEST_CASE("a head proves to itself that it refuses strangers, as often as it is asked") {
  CHECK_NOTHROW(prove_that_strangers_are_refused());
  CHECK_NOTHROW(prove_that_strangers_are_refused());
}

TEST_CASE("only a whole request by CURVE for our domain names a key") {
  const std::string bytes(32, 'k');
  const std::vector<std::string> request = {"1.0", "7", "pq", "127.0.0.1", "", "CURVE", bytes};
  REQUIRE(key_of_zap_request(request).has_value());
  CHECK(is_key(*key_of_zap_request(request)));
  const auto with = [&](std::size_t frame, const std::string& text) {
    auto changed = request;
    changed[frame] = text;
    return key_of_zap_request(changed);
  };
  CHECK_FALSE(with(0, "2.0").has_value());
  CHECK_FALSE(with(2, "").has_value());
  CHECK_FALSE(with(2, "other").has_value());
  CHECK_FALSE(with(5, "NULL").has_value());
  CHECK_FALSE(with(5, "PLAIN").has_value());
  CHECK_FALSE(with(6, bytes.substr(1)).has_value());
  CHECK_FALSE(with(6, bytes + "k").has_value());
  CHECK_FALSE(key_of_zap_request({}).has_value());
  CHECK_FALSE(key_of_zap_request({request.begin(), request.end() - 1}).has_value());
  auto longer = request;
  longer.emplace_back("more");
  CHECK_FALSE(key_of_zap_request(longer).has_value());
}

}  // namespace pq::tests
