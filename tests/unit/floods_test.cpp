// What the head logs of peers that send bad messages without end.
#include "daemon/floods.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "daemon/limits.h"
#include "tests/rooms.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{100s};

Event bad_message(const std::string& key) {
  return {Happening::message_refused, {}, "", "of key " + key + ": malformed: whatever it said"};
}

}  // namespace

TEST_CASE("of a flood of bad messages the first has a line, and the others a count when the second is over") {
  Floods floods;
  CHECK(floods.lets_pass(bad_message("spot"), start));
  for (int i = 1; i < 1000; ++i) CHECK_FALSE(floods.lets_pass(bad_message("spot"), start + 500ms));
  CHECK(floods.next_deadline() == start + 1s);
  CHECK(floods.take_counts(start + 1s - 1ns).empty());
  CHECK(floods.take_counts(start + 1s) ==
        std::vector<std::string>{"message refused: 999 more like it of key spot within 1s"});
  CHECK(floods.next_deadline() == Instant::never());
  CHECK(floods.lets_pass(bad_message("spot"), start + 1s));  // a new second
}

TEST_CASE("a bad message now and then has its line, and no count behind it") {
  Floods floods;
  for (int second = 0; second < 5; ++second) {
    const Instant now = start + std::chrono::seconds(second);
    CHECK(floods.lets_pass(bad_message("spot"), now));
    CHECK(floods.next_deadline() == Instant::never());
    CHECK(floods.take_counts(now + 1s).empty());
  }
  CHECK(floods.size() == 0);
}

TEST_CASE("one peer's flood hides neither another one's message, nor another kind, nor what is kept") {
  Floods floods;
  CHECK(floods.lets_pass(bad_message("spot"), start));
  CHECK(floods.lets_pass(bad_message("lab"), start));
  CHECK(floods.lets_pass({Happening::lease_misused, JobId{7}, "vm-1", "e1/2: it lies"}, start));
  CHECK_FALSE(floods.lets_pass({Happening::lease_misused, JobId{8}, "vm-1", "e1/3: it lies"}, start));
  CHECK(floods.lets_pass({Happening::lease_misused, JobId{7}, "vm-2", "e1/4: it lies"}, start));
  for (int i = 0; i < 3; ++i) CHECK(floods.lets_pass({Happening::agent_lost, {}, "vm-1", ""}, start));
  CHECK(floods.take_counts(start + 1s) ==
        std::vector<std::string>{"lease misused: 1 more like it of agent vm-1 within 1s"});
}

TEST_CASE("floods of more peers than can be followed are counted together") {
  Floods floods;
  for (std::size_t i = 0; i < limits::floods_followed_max; ++i)
    CHECK(floods.lets_pass(bad_message(std::to_string(i)), start));
  CHECK(floods.lets_pass(bad_message("beyond"), start));  // stands for all others
  for (int i = 0; i < 10'000; ++i)
    CHECK_FALSE(floods.lets_pass(bad_message("beyond-" + std::to_string(i)), start));
  CHECK(floods.size() == limits::floods_followed_max + 1);
  CHECK(floods.take_counts(start + 1s) ==
        std::vector<std::string>{"message refused: 10000 more like it of other peers within "
                                 "1s"});
  CHECK(floods.size() == 0);
}

}  // namespace pq::tests
