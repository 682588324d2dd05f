// The agent's side and the head's side of the conversation, each the real thing, over a network that loses,
// delays, repeats and overtakes, with restarts, stops and drains of everybody. Where computing [a, b) gives
// b - a, every job must end with exactly its width, whatever happened on the way.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/session.h"
#include "daemon/core/invariants.h"
#include "daemon/core/queue.h"

namespace {

using namespace pq;
using namespace std::chrono_literals;

constexpr Instant healed{300s};  // from here on nothing goes wrong any more
constexpr Instant late{20000s};  // and by then everything must be done
constexpr std::uint64_t turns_max = 200'000;

// splitmix64: the same on every machine, unlike the library's distributions.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return bits() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  Duration upto(Duration longest) { return longest * static_cast<std::int64_t>(below(1001)) / 1000; }

 private:
  std::uint64_t state_;
};

struct Machine {
  std::string name;
  double per_integer_s = 0;
  std::optional<Session> session;  // none: the process is down until `wakes`
  PeerId peer;                     // of the present process
  Instant wakes;                   // stopped or down until then
  std::multimap<Instant, StepResult> steps;
};

class World {
 public:
  explicit World(std::uint64_t seed) : dice_(seed) {
    for (std::uint64_t i = 0; i <= dice_.below(3); ++i) {
      Machine& machine = machines_.emplace_back();
      machine.name = "agent-" + std::to_string(i);
      machine.per_integer_s = 1e-9 * static_cast<double>(1 + dice_.below(20));
    }
    for (std::uint64_t i = 0; i <= dice_.below(3); ++i) {
      Submit& submit = submits_.emplace_back();
      submit.id = {seed, i};
      submit.spec.attempts_max = 100;  // this much bad luck nobody has
      const std::uint64_t begin = dice_.bits() >> (1 + dice_.below(60));
      submit.spec.range = {begin, begin + 1 + (dice_.below(100'000'000'000) >> dice_.below(6))};
    }
  }

  void run() {
    for (std::uint64_t turn = 0; turn < turns_max && now_ < late && !is_finished(); ++turn) {
      break_something();
      turn_of_head();
      for (Machine& machine : machines_) turn_of(machine);
      now_ = std::max(next_event(), now_ + 1us);
    }
    for (const Submit& submit : submits_) {
      const Job* job = job_of(submit);
      REQUIRE(job != nullptr);
      CAPTURE(to_text(submit.spec.range));
      CHECK(job->row.state == JobState::done);
      CHECK(job->ledger.value() == Value(Int128{submit.spec.range.width()}));
    }
  }

 private:
  struct Packet {
    PeerId from;
    PeerId to;  // an agent's process, or the head
    std::string name;
    std::variant<AgentToHead, HeadToAgent> message;
  };
  static constexpr PeerId head{0};

  bool is_faulty() const { return now_ < healed; }

  const Job* job_of(const Submit& submit) const {
    const auto is_it = [&](const auto& job) { return job.second.row.request == submit.id; };
    if (!queue_) return nullptr;
    const auto found = std::find_if(queue_->jobs().begin(), queue_->jobs().end(), is_it);
    return found == queue_->jobs().end() ? nullptr : &found->second;
  }

  bool is_finished() const {
    return std::all_of(submits_.begin(), submits_.end(), [&](const Submit& submit) {
      const Job* job = job_of(submit);
      return job != nullptr && has_ended(job->row.state);
    });
  }

  void send(const Packet& packet) {
    if (is_faulty() && dice_.one_in(5)) return;
    Duration delay = 200us;
    if (is_faulty()) delay += dice_.upto(dice_.one_in(20) ? Duration(20s) : Duration(50ms));
    network_.emplace(now_ + delay, packet);
    if (is_faulty() && dice_.one_in(10)) network_.emplace(now_ + delay + dice_.upto(3s), packet);
  }

  void break_something() {
    if (!is_faulty()) return;
    if (dice_.one_in(400)) crash_head();
    for (Machine& machine : machines_) {
      if (!machine.session || machine.wakes > now_) continue;
      if (dice_.one_in(800)) machine.session.reset();
      if (dice_.one_in(400)) machine.wakes = now_ + dice_.upto(60s);
      if (machine.session && dice_.one_in(800)) machine.session->drain(now_);
      if (machine.session && dice_.one_in(1600)) machine.session->drain_at_once(now_);
    }
  }

  void crash_head() {
    queue_.reset();
    head_wakes_ = now_ + dice_.upto(40s);
  }

  void turn_of_head() {
    const Now now{now_, 0};
    if (!queue_) {
      if (now_ < head_wakes_) return;
      queue_.emplace(QueueSettings{}, Epoch{dice_.bits()}, stored_, now);
    }
    Effects effects;
    for (const Packet& packet : arrived(head))
      queue_->handle({packet.from, "key of " + packet.name}, std::get<0>(packet.message), now, effects);
    if (now_ >= next_submit_) {
      for (const Submit& submit : submits_) queue_->handle({{}, "client"}, {0, submit}, now, effects);
      next_submit_ = now_ + 5s;
    }
    queue_->settle(now, effects);
    if (const auto broken = broken_invariant(*queue_)) FAIL(*broken);
    if (is_faulty() && dice_.one_in(800)) return crash_head();  // before the commit: nothing of it was
    store(effects.changes);
    if (is_faulty() && dice_.one_in(800)) return crash_head();  // before anybody heard of it
    for (const Outgoing& out : effects.outgoing) {
      if (const auto* message = std::get_if<HeadToAgent>(&out.message)) send({head, out.peer, "", *message});
    }
  }

  void store(const Changes& changes) {
    const auto apply = [](auto& rows, const auto& changed) {
      for (const auto& [key, row] : changed) {
        rows.erase(key);
        if (row) rows.emplace(key, *row);
      }
    };
    apply(stored_.jobs, changes.jobs);
    apply(stored_.spans, changes.spans);
    apply(stored_.agents, changes.agents);
  }

  void start(Machine& machine) {
    Hello hello;
    hello.name = machine.name;
    hello.incarnation = {dice_.bits()};
    hello.slots = static_cast<std::uint32_t>(1 + dice_.below(3));
    hello.kernels = {Kernel::primes};
    machine.session.emplace(SessionSettings{hello, 10min, std::nullopt}, now_);
    machine.steps.clear();
    machine.peer = {++last_peer_};
  }

  void turn_of(Machine& machine) {
    if (now_ < machine.wakes) return;
    if (!machine.session) start(machine);
    Session& session = *machine.session;
    while (!machine.steps.empty() && machine.steps.begin()->first <= now_)
      session.finish(machine.steps.extract(machine.steps.begin()).mapped(), now_);
    for (const Packet& packet : arrived(machine.peer)) session.hear(std::get<1>(packet.message), now_);
    session.settle(now_);
    for (const Step& step : session.next_steps()) {
      const Duration took =
          from_seconds(0.002 + machine.per_integer_s * static_cast<double>(step.range.width()));
      StepResult result{step, Int128{step.range.width()}, took + dice_.upto(took / 4)};
      if (is_faulty() && dice_.one_in(50)) result.outcome = tl::make_unexpected(std::string("out of luck"));
      machine.steps.emplace(now_ + result.took, result);
    }
    while (const auto message = session.next_message(now_))
      send({machine.peer, head, machine.name, *message});
    if (session.ending()) {
      machine.session.reset();
      machine.wakes = now_ + dice_.upto(5s);
    }
  }

  std::vector<Packet> arrived(PeerId to) {
    std::vector<Packet> found;
    for (const auto& [at, packet] : network_) {
      if (at <= now_ && packet.to == to) found.push_back(packet);
    }
    std::erase_if(network_, [&](const auto& sent) { return sent.first <= now_ && sent.second.to == to; });
    return found;
  }

  Instant next_event() {
    std::erase_if(network_, [&](const auto& packet) { return packet.first <= now_; });  // nobody was there
    Instant next = queue_ ? std::min(queue_->next_deadline(), next_submit_) : head_wakes_;
    if (!network_.empty()) next = std::min(next, network_.begin()->first);
    for (const Machine& machine : machines_) {
      Instant wakes = now_;
      if (machine.session) wakes = machine.session->next_deadline();
      if (!machine.steps.empty()) wakes = std::min(wakes, machine.steps.begin()->first);
      next = std::min(next, std::max(wakes, machine.wakes));
    }
    return next;
  }

  Dice dice_;
  Instant now_{1s};
  std::vector<Machine> machines_;
  std::vector<Submit> submits_;
  Instant next_submit_;
  Stored stored_;
  std::optional<Queue> queue_;
  Instant head_wakes_;
  std::uint64_t last_peer_ = 0;
  std::multimap<Instant, Packet> network_;
};

TEST_CASE("whatever is lost, late, repeated or restarted, each integer is counted once") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    World(seed).run();
  }
}

}  // namespace
