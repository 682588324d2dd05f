#include "agent/programs/outbox.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/limits.h"
#include "common/protocol/limits.h"
#include "common/protocol/wire.h"
#include "tests/rooms.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

constexpr Instant start{100s};
constexpr Incarnation self{77};

RunName run(std::uint64_t begin) { return {{1}, {{9}, begin}, {begin, begin + 10}, 1}; }

Step step() {
  Step made;
  made.lease = {{9}, 1};
  made.job = {1};
  return made;
}

OutputStored answer(const Output& message) { return {self, message.seq}; }

bool rings(const Outbox& outbox) {
  pollfd polled{outbox.fd(), POLLIN, 0};
  return poll(&polled, 1, 0) == 1;
}

TEST_CASE("what is logged leaves after a while, joined with what follows it") {
  Outbox outbox("a", self);
  CHECK(outbox.is_empty());
  CHECK(outbox.next_deadline() == Instant::never());
  CHECK_FALSE(rings(outbox));
  outbox.log(run(0), Stream::stderr_, "one\n", start);
  CHECK(rings(outbox));
  outbox.log(run(10), Stream::stderr_, "other\n", start + 1ms);
  outbox.log(run(0), Stream::stderr_, "two\n", start + 2ms);
  outbox.log(run(0), Stream::stdout_, "three\n", start + 3ms);
  CHECK(outbox.next_deadline() == start + limits::log_delay);
  CHECK_FALSE(outbox.next_message(start + limits::log_delay - 1ns).has_value());
  CHECK_FALSE(rings(outbox));
  const auto message = outbox.next_message(start + limits::log_delay);
  REQUIRE(message.has_value());
  CHECK(message->seq == 1);
  CHECK(message->name == "a");
  CHECK(message->incarnation == self);
  REQUIRE(message->logs.size() == 3);
  CHECK(message->logs[0].text.data == "one\ntwo\n");
  CHECK(message->logs[1].text.data == "other\n");
  CHECK(message->logs[2].stream == Stream::stdout_);
  CHECK_FALSE(outbox.is_empty());
  CHECK(outbox.hear(answer(*message), start + 1s).empty());
  CHECK(outbox.is_empty());
}

TEST_CASE("one message at a time, and again until it is answered") {
  Outbox outbox("a", self);
  outbox.log(run(0), Stream::stderr_, "x", start);
  const Instant sent = start + limits::log_delay;
  const auto first = outbox.next_message(sent);
  REQUIRE(first.has_value());
  outbox.log(run(0), Stream::stderr_, "y", sent);
  CHECK_FALSE(outbox.next_message(sent + 4999ms).has_value());
  CHECK(outbox.next_message(sent + 5s) == first);
  outbox.reach_head(sent + 6s);
  CHECK(outbox.next_message(sent + 6s) == first);
  outbox.hear({self, 2}, sent + 6s);
  outbox.hear({{78}, 1}, sent + 6s);
  CHECK_FALSE(outbox.next_message(sent + 7s).has_value());
  outbox.hear(answer(*first), sent + 7s);
  const auto second = outbox.next_message(sent + 7s);
  REQUIRE(second.has_value());
  CHECK(second->seq == 2);
  CHECK(second->logs[0].text.data == "y");
}

TEST_CASE("a failure closes its run's log") {
  Outbox outbox("a", self);
  outbox.log(run(0), Stream::stderr_, "x", start);
  outbox.log_failure(run(0), "exit status 1", start);
  const auto message = outbox.next_message(start + 1s);
  REQUIRE(message.has_value());
  REQUIRE(message->logs.size() == 2);
  CHECK_FALSE(message->logs[0].failed);
  CHECK(message->logs[1].failed);
  CHECK(message->logs[1].stream == Stream::pq);
  CHECK(message->logs[1].text.data == "exit status 1");
}

TEST_CASE("what is collected leaves at once, in parts, and is stored when its last part is") {
  Outbox outbox("a", self);
  const std::string large(3 * limits::outputs_message_bytes_max / 2, 'x');
  outbox.collect(step(), {{{0, 10}, "small"}, {{10, 20}, large}, {{20, 30}, ""}}, start);
  CHECK(outbox.next_deadline() == start);
  std::vector<StoredOutput> stored;
  std::string text;
  int messages = 0;
  while (const auto message = outbox.next_message(start)) {
    ++messages;
    CHECK(encode(AgentToHead(*message)).size() < limits::message_bytes_max);
    for (const OutputPart& part : message->outputs) {
      CHECK(part.text.data.size() <= limits::output_part_bytes_max);
      if (part.run == Range{10, 20}) {
        CHECK(part.offset == text.size());
        text += part.text.data;
      }
      CHECK(part.last == (part.run != Range{10, 20} || text.size() == large.size()));
    }
    for (const StoredOutput& run : outbox.hear(answer(*message), start)) stored.push_back(run);
    CHECK(stored.size() == (messages == 1 ? 1 : 3));
  }
  CHECK(messages == 2);
  CHECK(text == large);
  const LeaseId lease{{9}, 1};
  CHECK(stored == std::vector<StoredOutput>{{lease, 10}, {lease, 20}, {lease, 30}});
}

TEST_CASE("more log than there is room for is left out, which is told") {
  Outbox outbox("a", self);
  const std::string piece(limits::log_part_bytes_max, 'x');
  for (int i = 0; i < 3000; ++i) outbox.log(run(0), Stream::stdout_, piece, start);
  std::size_t bytes = 0;
  while (const auto message = outbox.next_message(start + 1s)) {
    CHECK(encode(AgentToHead(*message)).size() < limits::message_bytes_max);
    for (const LogPart& part : message->logs) bytes += part.text.data.size();
    outbox.hear(answer(*message), start + 1s);
  }
  CHECK(bytes <= limits::log_outbox_bytes_max);
  CHECK(bytes > limits::log_outbox_bytes_max / 2);
  outbox.log(run(0), Stream::stdout_, "more", start + 2s);
  const auto message = outbox.next_message(start + 3s);
  REQUIRE(message.has_value());
  REQUIRE(message->logs.size() == 2);
  CHECK(message->logs[0].stream == Stream::pq);
  CHECK(message->logs[0].text.data.find("bytes of logs were left out") != std::string::npos);
}

TEST_CASE("an agent that begins anew by another name tells nothing of what the first one computed") {
  Outbox outbox("a", self);
  outbox.collect(step(), {{{0, 1}, "first\n"}}, start);
  const auto sent = outbox.next_message(start);
  REQUIRE(sent.has_value());
  outbox.collect(step(), {{{1, 2}, "second\n"}}, start);
  outbox.begin_anew("b", {78});
  CHECK(outbox.hear(answer(*sent), start).empty());
  outbox.collect(step(), {{{2, 3}, "third\n"}}, start);
  const auto message = outbox.next_message(start);
  REQUIRE(message.has_value());
  CHECK(message->name == "b");
  CHECK(message->incarnation == Incarnation{78});
  REQUIRE(message->outputs.size() == 1);
  CHECK(message->outputs[0].text.data == "third\n");
}

TEST_CASE("an outbox that hurries does not wait for more") {
  Outbox outbox("a", self);
  outbox.log(run(0), Stream::stderr_, "x", start);
  outbox.hurry(start);
  const auto message = outbox.next_message(start);
  REQUIRE(message.has_value());
  outbox.log(run(0), Stream::stderr_, "y", start);
  outbox.hear(answer(*message), start);
  CHECK(outbox.next_message(start).has_value());
}

}  // namespace
