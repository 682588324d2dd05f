// When a client looks for credentials, and when it takes a connection for one that leads nowhere.
#include "client/head_socket.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "common/protocol/wire.h"
#include "tests/rooms.h"
#include "tests/unit/serving_head.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{100s};

CredentialSources token_in(const ScratchDir& dir) {
  CredentialSources sources;
  sources.state_dir = dir.path() / "none";
  sources.key_file = dir.path() / "token";
  return sources;
}

// Others may not read it, as of every secret.
void write_token(const ScratchDir& dir, const JoinToken& token) {
  const std::filesystem::path file = dir.path() / "token";
  std::ofstream(file) << to_text(token);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
}
void write_token(const ScratchDir& dir) {
  write_token(dir, {"tcp://127.0.0.1:1", new_key_pair().public_key, new_key_pair().secret_key});
}

}  // namespace

TEST_CASE("a client without credentials says why, and looks again after a moment") {
  const ScratchDir dir;
  HeadSocket socket(token_in(dir));
  socket.look_for_head(start);
  CHECK_FALSE(socket.credentials());
  CHECK_FALSE(socket.credentials_missing().empty());
  CHECK(socket.is_hopeless());  // a key file that was named will not appear, but if it does:
  write_token(dir);
  socket.look_for_head(start + HeadSocket::between_looks - 1ns);
  CHECK_FALSE(socket.credentials());
  socket.look_for_head(start + HeadSocket::between_looks);
  REQUIRE(socket.credentials());
  CHECK(socket.credentials()->head_endpoint == "tcp://127.0.0.1:1");
  CHECK_FALSE(socket.is_hopeless());
}

TEST_CASE("a connection counts as a greeting once it was not refused for a moment") {
  const ScratchDir dir;
  write_token(dir);
  HeadSocket socket(token_in(dir));
  CHECK_FALSE(socket.is_greeting(Link::connecting, start + 1h));  // there is no socket
  socket.look_for_head(start);
  CHECK_FALSE(socket.is_greeting(Link::connecting, start + 200ms));
  CHECK(socket.is_greeting(Link::connecting, start + 201ms));
  CHECK_FALSE(socket.is_greeting(Link::nobody_listens, start + 201ms));
}

TEST_CASE("an answer to a question is late after two seconds, but a wait may take its time") {
  CHECK(answer_within(BackUp{}) == 2s);
  Wait wait;
  wait.patience_ms = 5000;
  CHECK(answer_within(wait) == 7s);
}

TEST_CASE("a socket that expects no answer is never mute") {
  const ScratchDir dir;
  write_token(dir);
  HeadSocket socket(token_in(dir));
  socket.look_for_head(start);
  CHECK(socket.mute_at() == Instant::never());
  CHECK_FALSE(socket.hang_up_if_mute(start + 1000h));
}

TEST_CASE("a connection leads nowhere 13 s after its oldest answer was due, whatever was asked since") {
  ServingHead head;
  const ScratchDir dir;
  write_token(dir, {head.transport->endpoint(), head.public_key, head.agent.secret_key});
  HeadSocket socket(token_in(dir));
  socket.look_for_head(start);
  REQUIRE(head.serves_until([&] { return socket.link() == Link::up; }));
  const auto asks = [&](const ClientToHead& question, Instant at) {
    REQUIRE(socket.send(question, encode(Letter<ClientToHead>{.request = 1, .body = question}), at));
  };
  asks(BackUp{}, start);  // says nothing before its end
  CHECK(socket.mute_at() == Instant::never());
  asks(Wait{}, start + 1s);
  asks(Wait{}, start + 5s);
  CHECK(socket.mute_at() == start + 1s + 2s + 13s);
  CHECK_FALSE(socket.hang_up_if_mute(start + 16s - 1ns));
  CHECK(socket.hang_up_if_mute(start + 16s));
  CHECK(socket.mute_at() == Instant::never());
}

}  // namespace pq::tests
