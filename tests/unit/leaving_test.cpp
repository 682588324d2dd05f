// How long an agent waits, when it sends a beat, and how it ends.
#include "agent/leaving.h"

#include <doctest/doctest.h>

#include <chrono>

#include "agent/beat_clock.h"
#include "agent/patience.h"
#include "tests/rooms.h"

namespace pq::tests {

using namespace std::chrono_literals;

TEST_CASE("a drain keeps its first reason and its earliest time, and only an interruption is undone") {
  Leaving leaving;
  leaving.drain(Ending::interrupted, Instant{50s});
  leaving.drain(Ending::drained, Instant{90s});
  leaving.drain(Ending::idle, Instant::never());
  CHECK(leaving.why() == Ending::drained);
  CHECK(leaving.steps_until() == Instant{50s});
  CHECK(leaving.next_deadline() == Instant{50s});
  leaving.withdraw_interruption();
  CHECK(leaving.is_draining());
}

TEST_CASE("a withdrawn interruption leaves nothing of its drain, unless the goodbye is due") {
  Leaving leaving;
  leaving.drain(Ending::interrupted, Instant{50s});
  leaving.hurry(Instant{10s});
  leaving.withdraw_interruption();
  CHECK_FALSE(leaving.is_draining());
  CHECK(leaving.next_deadline() == Instant::never());
  CHECK(leaving.steps_until() == Instant::never());
  leaving.drain(Ending::interrupted, Instant{50s});
  leaving.await_last_answer(false, Instant{20s});
  leaving.withdraw_interruption();
  CHECK(leaving.is_draining());
  CHECK(leaving.goodbye_is_due());
}

TEST_CASE("a goodbye waits for the head's answer and for output, but not without end") {
  Leaving leaving;
  leaving.drain(Ending::drained, Instant::never());
  leaving.await_last_answer(true, Instant{10s});
  CHECK_FALSE(leaving.goodbye_is_due());
  leaving.owe_output(true);
  leaving.await_last_answer(false, Instant{11s});
  CHECK_FALSE(leaving.goodbye_is_due());
  CHECK(leaving.next_deadline() == Instant{20s});
  leaving.await_last_answer(true, Instant{20s});
  CHECK(leaving.goodbye_is_due());
}

TEST_CASE("the first ending counts, and is forgotten under another name") {
  Leaving leaving;
  leaving.drain(Ending::drained, Instant::never());
  leaving.end(Ending::replaced, "by b");
  leaving.end(Ending::head_lost, "");
  CHECK(leaving.ending() == Ending::replaced);
  CHECK(leaving.detail() == "by b");
  leaving.go_on();
  CHECK_FALSE(leaving.ending());
  CHECK(leaving.detail().empty());
  CHECK(leaving.is_draining());
}

TEST_CASE("beats have places an interval apart, which other beats do not move") {
  BeatClock beats(Instant{10s});
  CHECK(beats.next() == Instant{10s});
  beats.set_interval(2s, Instant{10s});
  CHECK(beats.send_beat({std::uint64_t{1} << 62}, Instant{10s}) == 1);
  CHECK(beats.next() == Instant{10'500ms});  // a quarter of an interval
  beats.call(Instant{10'100ms});
  CHECK(beats.next() == Instant{10'100ms});
  CHECK(beats.send_beat({1}, Instant{10'100ms}) == 2);
  CHECK(beats.next() == Instant{10'500ms});
  CHECK(beats.send_beat({1}, Instant{13s}) == 3);  // late: it keeps the places
  CHECK(beats.next() == Instant{14'500ms});
  beats.set_interval(1s, Instant{13s});
  CHECK(beats.next() == Instant{14s});
  beats.begin_anew(Instant{13s});
  beats.send_hello(Instant{13s});
  CHECK(beats.next() == Instant{14s});
  CHECK(beats.send_beat({0}, Instant{14s}) == 1);
}

TEST_CASE("time in which the head was away is no time without work") {
  Patience patience(100s, 10s, Instant{0s});
  patience.hold(Instant{0s});
  CHECK(patience.idle_ends(5s) == Instant::never());  // the head would be away by then
  patience.hear(5s, Instant{4s});
  CHECK(patience.idle_ends(10s) == Instant{10s});
  patience.hear(5s, Instant{20s});  // away for 16 s
  CHECK(patience.idle_ends(10s) == Instant{26s});
  CHECK(patience.head_is_lost_at() == Instant{120s});
}

TEST_CASE("time in which the process was stopped counts neither as silence nor as idleness") {
  Patience patience(100s, 10s, Instant{0s});
  patience.hear(5s, Instant{2s});
  patience.wake(50s, Instant{53s});
  CHECK(patience.heard_at() == Instant{52s});
  CHECK(patience.idle_ends(30s) == Instant{60s});
  CHECK(Patience(100s, std::nullopt, Instant{0s}).idle_ends(5s) == Instant::never());
}

}  // namespace pq::tests
