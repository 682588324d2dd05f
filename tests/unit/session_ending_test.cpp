// How a session ends, and what a long one costs.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "agent/session.h"
#include "tests/rooms.h"
#include "tests/unit/session_scenario.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;

TEST_CASE("a drain gives back what is not begun, finishes the steps, and says goodbye") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide}), lease(2, {wide, 2 * wide}), lease(3, {3 * wide, 4 * wide})});
  s.with([](Session& session, Instant now) { session.drain(now); });
  const Beat said = s.says<Beat>();
  CHECK(said.draining);
  REQUIRE(said.leases.size() == 3);
  CHECK(said.leases[0].end == s.running().range.end);
  CHECK(said.leases[2].end == said.leases[2].begin);
  s.finishes(1);
  CHECK(s.says_of(1).upto == said.leases[0].end);
  s.ordered({lease(2, {wide, said.leases[1].end})});
  CHECK_FALSE(s.session().ending().has_value());
  s.finishes(1);
  CHECK(s.says_of(2).upto == said.leases[1].end);
  CHECK(s.steps() == 0);
  s.ordered({});
  CHECK(s.says<Goodbye>().incarnation == self);
  CHECK(s.session().ending() == Ending::drained);
  CHECK(s.session().ending_detail().empty());
}

TEST_CASE("an agent that drains with nothing in its hands says goodbye at once") {
  SessionScenario s;
  s.is_welcomed();
  s.with([](Session& session, Instant now) { session.drain(now); });
  s.says<Goodbye>();
  CHECK(s.session().ending() == Ending::drained);
}

TEST_CASE("a drain does not wait for a step whose lease is lost") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.ordered({});
  CHECK(s.steps() == 1);
  s.with([](Session& session, Instant now) { session.drain(now); });
  s.says<Goodbye>();
  CHECK(s.session().ending() == Ending::drained);
}

TEST_CASE("a drain waits for its steps, and then a little for the head's last word") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.with([](Session& session, Instant now) { session.drain(now); });
  s.passes(120s);
  s.forgets_what_it_said();
  s.finishes(1);
  s.passes(9999ms);
  CHECK_FALSE(s.session().ending().has_value());
  CHECK(s.forgets_what_it_said() >= 9);
  s.passes(1ms);
  CHECK(s.session().ending() == Ending::drained);
  CHECK(s.session().ending_detail().find("did not answer") != std::string::npos);
  s.says<Goodbye>();
}

TEST_CASE("a second signal gives back the present steps too, and their results do not count") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  const Range done = s.finishes(5);
  s.with([](Session& session, Instant now) { session.drain(now); });
  CHECK(s.says_of(1).end > done.end);
  s.with([](Session& session, Instant now) { session.drain_at_once(now); });
  const LeaseView view = s.says_of(1);
  CHECK(view.end == done.end);
  CHECK(view.upto == done.end);
  s.finishes(1000);
  s.passes(beat());
  CHECK(s.says_of(1).value == Value(Int128{5}));
  s.ordered({});
  s.says<Goodbye>();
}

TEST_CASE("an operator's drain is a drain, and new leases are declined at once by not listing them") {
  SessionScenario s;
  s.is_welcomed();
  Orders orders = s.orders({lease(1, {0, wide})});
  s.hears(orders);
  orders = s.orders({lease(1, {0, wide})});
  orders.drain = true;
  s.hears(orders);
  CHECK(s.says<Beat>().draining);
  s.ordered({lease(1, {0, wide}), lease(2, {wide, 2 * wide})});
  const Beat said = s.says<Beat>();
  CHECK(said.orders_seen == 3);
  REQUIRE(said.leases.size() == 1);
  CHECK(said.leases[0].lease == id(1));
}

TEST_CASE("a lease of a job that the agent was never told of is declined") {
  SessionScenario s;
  s.is_welcomed();
  Orders orders = s.orders({lease(1, {0, wide})});
  orders.jobs.clear();
  s.hears(orders);
  CHECK(s.steps() == 0);
  CHECK(s.says<Beat>().leases.empty());
}

// The head answers each beat, for this long.
void is_heard_for(SessionScenario& s, Duration time) {
  for (; time > beat(); time -= beat()) {
    s.passes(beat());
    s.ordered({});
  }
  s.passes(time);
}

TEST_CASE("an agent without a lease for idle_exit ends") {
  SessionSettings settings;
  settings.idle_exit = 5s;
  SessionScenario s(1, settings);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.passes(60s + beat() / 2);
  s.ordered({});
  is_heard_for(s, 4999ms);
  CHECK_FALSE(s.session().ending().has_value());
  s.forgets_what_it_said();
  s.passes(1ms);
  s.says<Goodbye>();
  CHECK(s.session().ending() == Ending::idle);
}

TEST_CASE("an agent that never reaches its head is not idle: it has not done its work") {
  SessionSettings settings;
  settings.idle_exit = 5s;
  settings.head_timeout = 60s;
  SUBCASE("nobody answers") {
    SessionScenario s(1, settings);
    s.passes(60s);
    CHECK(s.session().ending() == Ending::head_lost);
    s.forgets_what_it_said();
  }
  SUBCASE("a head answers, but does not know it") {
    SessionScenario s(1, settings);
    for (int i = 0; i < 100; ++i) {
      s.passes(1s);
      s.hears(Refusal{ErrorWord::introduce_yourself, "a"});
    }
    CHECK_FALSE(s.session().ending().has_value());
    s.forgets_what_it_said();
  }
  SUBCASE("it comes late: what was before does not count") {
    SessionScenario s(1, settings);
    s.passes(30s);
    s.forgets_what_it_said();
    s.hears(Welcome{self});
    is_heard_for(s, 4999ms);
    CHECK_FALSE(s.session().ending().has_value());
    s.forgets_what_it_said();
    s.passes(1ms);
    s.says<Goodbye>();
    CHECK(s.session().ending() == Ending::idle);
  }
}

TEST_CASE("time without the head is not idle time") {
  SessionSettings settings;
  settings.idle_exit = 10s;
  settings.head_timeout = 60s;
  SUBCASE("it stays away, and is given up") {
    SessionScenario s(1, settings);
    s.is_welcomed();
    is_heard_for(s, 5s);
    s.passes(60s);
    CHECK(s.session().ending() == Ending::head_lost);
    s.forgets_what_it_said();
  }
  SUBCASE("it comes back, and the rest has to pass") {
    SessionScenario s(1, settings);
    s.is_welcomed();
    is_heard_for(s, 4s);  // the last word came after 3 s
    s.passes(49s);
    s.ordered({});
    is_heard_for(s, 6999ms);
    CHECK_FALSE(s.session().ending().has_value());
    s.forgets_what_it_said();
    s.passes(1ms);
    s.says<Goodbye>();
    CHECK(s.session().ending() == Ending::idle);
  }
  SUBCASE("a word or two that are lost do not count") {
    SessionScenario s(1, settings);
    s.is_welcomed();
    is_heard_for(s, 8s);  // the last word came after 7 s
    s.passes(1999ms);
    CHECK_FALSE(s.session().ending().has_value());
    s.forgets_what_it_said();
    s.passes(1ms);
    s.says<Goodbye>();
    CHECK(s.session().ending() == Ending::idle);
  }
  SUBCASE("a machine that sleeps is not idle either") {
    SessionScenario s(1, settings);
    s.is_welcomed();
    is_heard_for(s, 5s);
    s.is_stopped_for(1h);
    CHECK_FALSE(s.session().ending().has_value());
    s.forgets_what_it_said();
  }
}

TEST_CASE("an agent whose name is another's goes on by another one, without what it held") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.with([](Session& session, Instant now) {
    session.hear(Refusal{ErrorWord::replaced, "a"}, now);
    REQUIRE(session.ending() == Ending::replaced);
    session.begin_anew("b", {78}, now);
  });
  CHECK_FALSE(s.session().ending().has_value());
  CHECK(s.session().work().leases() == 0);
  CHECK(s.abandoned() == std::vector<std::uint32_t>{0});
  const Hello hello = s.says<Hello>();
  CHECK(hello.name == "b");
  CHECK(hello.incarnation == Incarnation{78});
  CHECK(hello.slots == 2);
  s.hears(Welcome{self});  // to the one that it was
  CHECK_FALSE(s.session().is_introduced());
  s.hears(Welcome{{78}});
  const Beat beat = s.says<Beat>();
  CHECK(beat.name == "b");
  CHECK(beat.leases.empty());
  s.finishes(1);  // of the lease that is lost
  CHECK(s.is_quiet());
  s.ordered({lease(1, {0, wide})});
  CHECK(s.steps() == 1);
}

TEST_CASE("a head that stays away for head_timeout is given up, though there is work") {
  SessionSettings settings;
  settings.head_timeout = 60s;
  SessionScenario s(1, settings);
  s.is_welcomed();
  s.passes(30s);
  s.ordered({lease(1, {0, wide})});
  s.passes(59999ms);
  CHECK_FALSE(s.session().ending().has_value());
  s.passes(1ms);
  CHECK(s.session().ending() == Ending::head_lost);
  s.forgets_what_it_said();
}

TEST_CASE("an agent that was stopped does not take its own deafness for the head's silence") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.passes(5s);
  s.is_stopped_for(24h);
  CHECK_FALSE(s.session().ending().has_value());
  s.forgets_what_it_said();
  s.ordered({});
  CHECK(s.session().work().leases() == 0);
}

TEST_CASE("with the head away an agent computes what it holds, and commits all when another head lists it") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide}), lease(2, {wide, wide + 10})});
  std::uint64_t upto = 0;
  int value = 0;
  for (int minute = 0; minute < 5; ++minute) {
    for (int step = 0; step < 2; ++step) {
      const Range done = s.finishes(1);
      if (done.begin < wide) {
        upto = done.end;
        ++value;
      }
      if (s.steps() == 0) break;
    }
    s.passes(60s);
  }
  CHECK(s.steps() == 1);
  CHECK(value > 5);
  s.forgets_what_it_said();
  s.meets_another_head();
  s.hears(Refusal{ErrorWord::introduce_yourself, ""});
  s.says<Hello>();
  s.hears(Welcome{self});
  const Beat said = s.says<Beat>();
  REQUIRE(said.leases.size() == 2);
  CHECK(said.leases[0].upto == upto);
  CHECK(said.leases[0].value == Value(Int128{value}));
  CHECK(said.leases[1].upto == wide + 10);
  s.ordered({lease(1, {0, wide})});
  CHECK(s.session().work().leases() == 1);
  CHECK(s.steps() == 1);
}

// ---------------------------------------------------------------- what the cloud says

const Notice interruption{NoticeKind::interruption, "EC2 Spot: terminate", 1000};

void is_noticed(SessionScenario& s, const std::optional<Notice>& notice, Duration left = 120s) {
  s.with([&](Session& session, Instant now) { session.heed(notice, now + left, now); });
}

TEST_CASE("an interruption is a drain of which the head is told") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.forgets_what_it_said();
  is_noticed(s, interruption);
  const Beat said = s.says<Beat>();
  CHECK(said.draining);
  CHECK(said.notice == interruption);
  CHECK(said.leases.at(0).end == s.running().range.end);
  is_noticed(s, interruption);  // again, as each look does: nothing new
  CHECK(s.is_quiet());
  s.finishes(1);
  s.says<Beat>();
  s.ordered({});
  s.says<Goodbye>();
  CHECK(s.session().ending() == Ending::interrupted);
}

TEST_CASE("a step that does not end in time is given back some seconds before the machine's end") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  is_noticed(s, interruption, 120s);
  s.passes(109s);
  CHECK(s.abandoned().empty());
  s.forgets_what_it_said();
  s.passes(1s);
  CHECK(s.abandoned().size() == 1);
  s.forgets_what_it_said();
  s.passes(2s);
  CHECK(s.session().ending() == Ending::interrupted);
  s.forgets_what_it_said();
}

TEST_CASE("of a short notice most is used, and of one that is over nothing") {
  for (const auto& [left, used] : {std::pair<Duration, Duration>{8s, 6s}, {0s, 0s}, {-5s, 0s}}) {
    SessionScenario s;
    s.is_welcomed();
    s.ordered({lease(1, {0, wide})});
    is_noticed(s, interruption, left);
    if (used > 0s) {
      s.passes(used - 1ms);
      CHECK(s.abandoned().empty());
      s.passes(1ms);
    }
    CHECK(s.abandoned().size() == 1);
    s.forgets_what_it_said();
  }
}

TEST_CASE("a notice that is taken back, or has passed, is undone: the agent takes work again") {
  for (const std::optional<Notice>& after :
       {std::optional<Notice>(), std::optional(Notice{NoticeKind::passed, "EC2 Spot: terminate", 1000})}) {
    SessionScenario s;
    s.is_welcomed();
    s.ordered({lease(1, {0, wide})});
    is_noticed(s, interruption);
    s.forgets_what_it_said();
    is_noticed(s, after);
    const Beat said = s.says<Beat>();
    CHECK_FALSE(said.draining);
    CHECK(said.notice == after);
    s.finishes(1);
    s.says<Beat>();
    s.passes(300s);
    s.forgets_what_it_said();
    CHECK_FALSE(s.session().ending().has_value());
    CHECK(s.abandoned().empty());
    s.ordered({lease(2, {wide, 2 * wide})});
    CHECK(s.steps() == 1);
  }
}

TEST_CASE("a drain that was asked for is not undone with the notice") {
  for (const bool is_asked_first : {true, false}) {
    SessionScenario s;
    s.is_welcomed();
    s.ordered({lease(1, {0, wide})});
    const auto asked = [&] { s.with([](Session& session, Instant now) { session.drain(now); }); };
    if (is_asked_first) asked();
    is_noticed(s, interruption);
    if (!is_asked_first) asked();
    is_noticed(s, std::nullopt);
    s.forgets_what_it_said();
    s.finishes(1);
    CHECK(s.says<Beat>().draining);
    s.ordered({});
    s.says<Goodbye>();
    CHECK(s.session().ending() == Ending::drained);
  }
}

TEST_CASE("an advice to rebalance: no new leases, but those that are held are computed to their ends") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.forgets_what_it_said();
  const Notice advice{NoticeKind::rebalance, "EC2 recommends to rebalance", std::nullopt};
  is_noticed(s, advice);
  const Beat said = s.says<Beat>();
  CHECK(said.draining);
  CHECK(said.leases.at(0).end == wide);
  s.ordered({lease(1, {0, wide}), lease(2, {wide, 2 * wide})});
  CHECK(s.says<Beat>().leases.size() == 1);
  s.finishes(1);
  CHECK(s.steps() == 1);
  is_noticed(s, std::nullopt);
  CHECK_FALSE(s.says<Beat>().draining);
  CHECK_FALSE(s.session().ending().has_value());
}

TEST_CASE("a drain with a limit gives back what still runs then") {
  SessionScenario s;
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.with([](Session& session, Instant now) { session.drain(now, Ending::drained, now + 90s); });
  s.passes(90s - 1ms);
  CHECK(s.abandoned().empty());
  s.passes(1ms);
  CHECK(s.abandoned().size() == 1);
  s.forgets_what_it_said();
}

// ---------------------------------------------------------------- what it costs

TEST_CASE("the loop turns about once a beat, whatever happens") {
  SessionSettings settings;
  settings.idle_exit = 1h;
  settings.head_timeout = 1h;
  SessionScenario s(4, settings);
  CHECK(s.passes(60s) <= 61);
  s.forgets_what_it_said();
  s.hears(Welcome{self});
  CHECK(s.passes(60s) <= 61);
  s.ordered({lease(1, {0, wide}), lease(2, {wide, 2 * wide}, 0)});
  CHECK(s.passes(60s) <= 61);
  s.with([](Session& session, Instant now) { session.drain(now); });
  CHECK(s.passes(60s) <= 61);
  s.finishes(1);
  CHECK(s.passes(60s) <= 12);  // until its patience ends
  CHECK(s.session().ending() == Ending::drained);
  s.forgets_what_it_said();
}

TEST_CASE("a long life with many jobs does not make beats longer and longer") {
  SessionScenario s;
  s.is_welcomed();
  for (std::uint64_t job = 1; job <= 1000; ++job) {
    Orders orders = s.orders({{id(job), {job}, {0, 100}, std::nullopt}});
    orders.jobs[0].job = {job};
    s.hears(orders);
    s.finishes(1);
    s.says<Beat>();
  }
  s.passes(beat());
  const Beat said = s.says<Beat>();
  CHECK(said.paces.size() <= 65);
  CHECK(std::any_of(said.paces.begin(), said.paces.end(),
                    [](const auto& pace) { return pace.job == JobId{1000}; }));
}

TEST_CASE("what an agent has measured of the job it computes is told, and not forgotten for younger jobs") {
  SessionScenario s(2);
  s.is_welcomed();
  s.ordered({lease(1, {0, wide})});
  s.finishes(1);
  for (std::uint64_t job = 2; job <= 40; ++job) {
    Orders orders = s.orders({lease(1, {0, wide}), {id(job), {job}, {0, 100}, std::nullopt}});
    orders.jobs[0].job = {job};
    s.hears(orders);
  }
  s.passes(beat());
  const Beat said = s.says<Beat>();
  REQUIRE_FALSE(said.paces.empty());
  CHECK(said.paces[0].job == JobId{1});
}

}  // namespace
