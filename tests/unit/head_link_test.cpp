// When an agent connects, and when it gives up a connection. The clock is told; no head is there.
#include "agent/head_link.h"

#include <doctest/doctest.h>

#include <chrono>

#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{100s};

CredentialSources nowhere(const ScratchDir& dir) {
  CredentialSources sources;
  sources.state_dir = dir.path() / "none";
  sources.role = Role::agent;
  return sources;
}

}  // namespace

TEST_CASE("without credentials an agent looks for them again, after a pause that doubles up to its bound") {
  const ScratchDir dir;
  HeadLink link(nowhere(dir));
  Instant now = start;
  for (const Duration longest : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 8000ms, 15000ms, 15000ms}) {
    CHECK_FALSE(link.keep(start, 1s, now));
    const Instant next = link.next_deadline();
    CHECK(next >= now + longest / 2);
    CHECK(next < now + longest);
    CHECK_FALSE(link.keep(start, 1s, next - 1ns));  // not before its time
    CHECK(link.next_deadline() == next);
    now = next;
  }
  CHECK_FALSE(link.complaint().empty());
  CHECK_FALSE(link.is_up());
}

TEST_CASE("a head that answers settles the complaint, and the next pause is short again") {
  const ScratchDir dir;
  HeadLink link(nowhere(dir));
  Instant now = start;
  for (int i = 0; i < 5; ++i) {
    link.keep(start, 1s, now);
    now = link.next_deadline();
  }
  CHECK(link.settle_complaint());
  CHECK_FALSE(link.settle_complaint());
  CHECK(link.complaint().empty());
  link.keep(start, 1s, now);
  CHECK(link.next_deadline() < now + 250ms);
}

TEST_CASE("a connection that brings nothing for five beats and five seconds is replaced") {
  const ScratchDir dir;
  CredentialSources sources = nowhere(dir);
  sources.join_token =
      to_text(JoinToken{"tcp://127.0.0.1:1", new_key_pair().public_key, new_key_pair().secret_key});
  HeadLink link(sources);
  link.keep(start, 1s, start);
  CHECK(link.next_deadline() == Instant::never());  // it has a socket
  link.keep(start, 1s, start + 10s);
  CHECK(link.next_deadline() == Instant::never());
  link.keep(start + 5s, 1s, start + 15s);  // it was heard meanwhile
  CHECK(link.next_deadline() == Instant::never());
  link.keep(start + 5s, 1s, start + 15s + 1ns);
  CHECK(link.next_deadline() > start + 15s);
  CHECK(link.next_deadline() < start + 16s);
  CHECK_FALSE(link.receive());
}

}  // namespace pq::tests
