// One agent's session in virtual time, in the domain's words. A scenario makes a turn after each event, as
// the agent's loop does. The test must look at every message of the agent before it ends.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/session.h"
#include "common/protocol/limits.h"
#include "tests/rooms.h"

namespace pq::tests {

using namespace std::chrono_literals;

inline constexpr Incarnation self{77};
inline constexpr std::uint64_t wide = 1'000'000'000'000'000;  // many steps

inline Duration beat() { return limits::beat_interval; }

inline LeaseId id(std::uint64_t counter) { return {{9}, counter}; }

inline LeaseOrder lease(std::uint64_t counter, Range range,
                        std::optional<std::uint64_t> end_asked = std::nullopt) {
  return {id(counter), {1}, range, end_asked};
}

class SessionScenario {
 public:
  explicit SessionScenario(std::uint32_t slots = 1, SessionSettings settings = {})
      : session_(with_introduction(std::move(settings), slots), now_) {
    turn();
  }
  SessionScenario(const SessionScenario&) = delete;
  SessionScenario& operator=(const SessionScenario&) = delete;
  ~SessionScenario() { CHECK(said_.empty()); }

  // ---- what the head says
  void hears(const HeadToAgent& message) {
    session_.hear(message, now_);
    turn();
  }
  void is_welcomed() {
    says<Hello>();
    hears(Welcome{self});
    says<Beat>();
  }
  Orders orders(std::vector<LeaseOrder> leases, Fold how = Fold::sum) {
    return {epoch_, ++number_, 1000, std::move(leases), {{{1}, Kernel::primes, how}}, false};
  }
  void ordered(std::vector<LeaseOrder> leases, Fold how = Fold::sum) {
    hears(orders(std::move(leases), how));
  }
  // Orders for a job with this program, which begins at 0.
  void ordered(std::vector<LeaseOrder> leases, const Program& program, std::uint32_t cpus = 1) {
    Orders said = orders(std::move(leases));
    said.jobs[0].kernel = Kernel::exec;
    said.jobs[0].program = program;
    said.jobs[0].cpus = cpus;
    hears(said);
  }
  void meets_another_head() {
    epoch_.value += 1;
    number_ = 0;
  }

  // ---- what the slots do
  Step running() const {
    REQUIRE_FALSE(steps_.empty());
    return steps_.front();
  }
  std::size_t steps() const { return steps_.size(); }
  // The one that began last, and its end.
  Step newest() const {
    REQUIRE_FALSE(steps_.empty());
    return steps_.back();
  }
  void finishes_newest(int value, Duration took) {
    const StepResult result = computed(newest(), Value(Int128{value}), took);
    steps_.pop_back();
    session_.finish(result);
    turn();
  }
  // The longest running step ends.
  Range ends(StepResult result) {
    const Range range = result.step.range;
    REQUIRE(range == running().range);
    steps_.pop_front();
    session_.finish(result);
    turn();
    return range;
  }
  Range finishes(Value value, Duration took = 1s) { return ends(computed(running(), value, took)); }
  Range finishes(int value) { return finishes(Value(Int128{value})); }
  Range fails(std::string words) { return ends(failed(running(), std::move(words), 1s)); }
  // It ends at `upto`, before its time.
  Range ends_early(std::uint64_t upto, int value) {
    StepResult result = computed(running(), Int128{value}, 1s);
    result.upto = upto;
    return ends(std::move(result));
  }
  // Slots whose step is of no use, since the last question.
  std::vector<std::uint32_t> abandoned() { return std::exchange(abandoned_, {}); }
  // The same of those whose step is to begin no further run.
  std::vector<std::uint32_t> curtailed() { return std::exchange(curtailed_, {}); }

  // ---- what the agent says
  template <class Message>
  Message says() {
    REQUIRE_FALSE(said_.empty());
    REQUIRE(std::holds_alternative<Message>(said_.front()));
    const Message message = std::get<Message>(said_.front());
    said_.pop_front();
    return message;
  }
  LeaseView says_of(std::uint64_t counter) {
    const Beat said = says<Beat>();
    const auto view = std::find_if(said.leases.begin(), said.leases.end(),
                                   [&](const auto& v) { return v.lease == id(counter); });
    REQUIRE(view != said.leases.end());
    return *view;
  }
  bool is_quiet() const { return said_.empty(); }
  std::size_t forgets_what_it_said() { return std::exchange(said_, {}).size(); }

  // ---- time, as the agent's loop lets it pass: it sleeps until the deadline and takes one turn
  std::uint64_t passes(Duration time) {
    const Instant until = now_ + time;
    std::uint64_t turns = 0;
    while (!session_.ending() && session_.next_deadline() <= until) {
      now_ = std::max(now_, session_.next_deadline());
      turn();
      ++turns;
      REQUIRE(turns < 100'000);
    }
    now_ = std::max(now_, until);
    return turns;
  }
  void is_stopped_for(Duration time) {
    now_ = now_ + time;
    turn();
  }

  template <class Change>
  void with(Change change) {
    change(session_, now_);
    turn();
  }
  const Session& session() const { return session_; }

 private:
  static SessionSettings with_introduction(SessionSettings settings, std::uint32_t slots) {
    settings.introduction.name = "a";
    settings.introduction.incarnation = self;
    settings.introduction.slots = slots;
    return settings;
  }

  void turn() {
    session_.settle(now_);
    for (const std::uint32_t slot : session_.work().next_abandoned()) abandoned_.push_back(slot);
    for (const std::uint32_t slot : session_.work().next_curtailed()) curtailed_.push_back(slot);
    for (const Step& step : session_.work().next_steps()) steps_.push_back(step);
    while (const auto message = session_.next_message(now_)) said_.push_back(*message);
    if (!session_.ending()) CHECK(session_.next_deadline() > now_);
  }

  Instant now_{100s};
  Session session_;
  std::deque<Step> steps_;
  std::vector<std::uint32_t> abandoned_;
  std::vector<std::uint32_t> curtailed_;
  std::deque<AgentToHead> said_;
  Epoch epoch_{9};
  std::uint64_t number_ = 0;
};

}  // namespace pq::tests
