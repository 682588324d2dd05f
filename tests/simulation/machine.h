// A machine with an agent: the real session, slots that compute in virtual time, and the rules by which the
// agent's loop keeps its connection. It is killed, stopped, slowed, drained and started again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/session.h"
#include "common/values/kernel.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/simulation/network.h"
#include "tests/simulation/timeline.h"

namespace pq::simulation {

// How the programs of all jobs behave.
struct Programs {
  bool fail_now_and_then = false;
  std::set<std::uint64_t> poison;   // integers at which they always fail
  std::set<std::uint64_t> killers;  // integers at which they always take their agent along
  std::set<std::uint64_t> hanging;  // integers at which they never end on some machines
};

// How much of a lease the head has stored.
struct CommittedPart {
  Kernel kernel;
  std::uint64_t upto = 0;
};

struct MachineFacts {
  std::string name;
  std::uint32_t slots = 1;
  double slowness = 1;     // what a step takes, in parts of what its kernel is expected to cost
  bool has_tables = true;  // steps have the fixed cost of a sieve; else none
  Duration head_timeout = std::chrono::minutes(10);
  bool is_broken = false;  // every program fails on it
  bool hangs = false;      // programs hang on it that end elsewhere
  // Set: the agent reports false values for those leases of which this function returns what the head has
  // stored.
  std::function<std::optional<CommittedPart>(LeaseId)> lies = nullptr;
  bool comes_back = true;  // is started again after its agent has ended
  bool has_express = true;
};

class Machine final : public Party {
 public:
  Machine(Timeline& timeline, Dice& dice, Network& network, const Programs& programs, MachineFacts facts)
      : timeline_(timeline), dice_(dice), network_(network), programs_(programs), facts_(std::move(facts)) {}

  void start();
  void kill();
  void stop_for(Duration duration);
  void runs_at(double speed);  // 1: as its facts say
  void drain();
  void is_told(const std::optional<Notice>& notice, Duration left);  // by its cloud
  void hurry();
  void reconnect();
  void vanish() { facts_.comes_back = false, kill(); }
  void heal();

  void arrive(std::string bytes) override;

  const MachineFacts& facts() const { return facts_; }
  bool is_up() const { return session_.has_value(); }
  // It is up, or will be.
  bool will_run() const { return is_up() || comes_; }
  // Its agent has ended because of another one of its name.
  bool is_replaced() const { return is_replaced_; }
  std::size_t busy() const { return running_.size(); }
  // How often its agent was killed by the program of a job, at each integer.
  using Deaths = std::map<std::pair<JobId, std::uint64_t>, std::uint32_t>;
  const Deaths& deaths() const { return deaths_; }

 private:
  struct Running {
    Step step;
    double left_s = 0;  // at speed 1, at `since`
    Instant since;
    Instant began;
    std::optional<std::uint64_t> killer = {};  // it ends the agent, and not the step
    double work_s = 0;                         // of all of it
    std::uint64_t end = 0;                     // of its last run: lower once it is curtailed
  };

  Instant own_time() const { return timeline_.now() + boot_; }
  bool is_stopped() const { return timeline_.now() < stopped_until_; }
  Instant ends_at(const Running& running) const;
  void account();
  void start_after(Duration wait);
  void wake_at(Instant when);
  void turn();
  bool finish_steps();
  void begin_steps();
  void curtail(std::uint32_t slot);
  StepResult result_of(const Running& running);
  void compute_run(StepResult& result, const Range& run);
  bool hangs_in(const Step& step, const Range& part) const;
  std::optional<std::string> failure_of(const Step& step, const Range& run);
  void send_output();
  void hear(const OutputStored& stored);
  void keep_link();
  void end();
  void lie_now_and_then(AgentToHead& message);

  Timeline& timeline_;
  Dice& dice_;
  Network& network_;
  const Programs& programs_;
  MachineFacts facts_;

  std::optional<Session> session_;
  std::uint64_t life_ = 0;
  bool comes_ = false;  // a start is planned
  bool is_replaced_ = false;
  Duration boot_{0};
  double speed_ = 1;
  Instant stopped_until_;
  std::vector<Running> running_;
  std::deque<std::string> inbox_;
  std::deque<Output> outbox_;  // what is collected; the first is on its way
  std::uint64_t output_seq_ = 0;
  Incarnation incarnation_;
  Instant output_due_;
  std::optional<SocketId> socket_;
  Instant connected_at_;
  Instant connects_at_;
  Instant wakes_at_ = Instant::never();
  Deaths deaths_;
};

}  // namespace pq::simulation
