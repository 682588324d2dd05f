#include "tests/simulation/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "common/protocol/wire.h"
#include "tests/rooms.h"
#include "tests/simulation/truth.h"

namespace pq::simulation {
namespace {

using namespace std::chrono_literals;

// As the agent's loop has it (agent/agent.cpp).
constexpr int silent_beats_max = 5;
constexpr Duration backoff_longest = 15s;

constexpr Duration restart_longest = 20s;
constexpr double hangs_s = 1e9;

}  // namespace

// ---------------------------------------------------------------- the process

void Machine::start() {
  if (is_up()) return;  // a fault has had it started again before its time
  comes_ = is_replaced_ = false;
  ++life_;
  boot_ = dice_.between(0s, std::chrono::hours(1000));
  Hello hello;
  hello.name = facts_.name;
  hello.incarnation = incarnation_ = {dice_.bits()};
  hello.program_version = "simulated";
  hello.slots = facts_.slots;
  hello.kernels = {Kernel::primes, Kernel::exec};
  session_.emplace(SessionSettings{std::move(hello), facts_.head_timeout, std::nullopt, facts_.has_express},
                   own_time());
  wake_at(timeline_.now());
}

void Machine::kill() {
  session_.reset();
  ++life_;
  running_.clear();
  inbox_.clear();
  outbox_.clear();
  output_seq_ = 0;
  if (socket_) network_.close(*socket_);
  socket_.reset();
  stopped_until_ = connects_at_ = {};
  wakes_at_ = Instant::never();
  comes_ = false;
  if (facts_.comes_back) start_after(dice_.between(10ms, restart_longest));
}

void Machine::start_after(Duration wait) {
  comes_ = true;
  timeline_.after(wait, [this, life = life_] {
    if (life == life_) start();
  });
}

// Its process or its machine is stopped: nothing computes meanwhile, and messages wait.
void Machine::stop_for(Duration duration) {
  if (!is_up()) return;
  account();
  stopped_until_ = std::max(stopped_until_, timeline_.now() + duration);
  for (Running& running : running_) running.since = stopped_until_;
  wake_at(stopped_until_);
}

void Machine::runs_at(double speed) {
  account();
  speed_ = speed;
  wake_at(timeline_.now());
}

void Machine::drain() {
  if (is_up() && !is_stopped()) session_->drain(own_time()), wake_at(timeline_.now());
}

void Machine::is_told(const std::optional<Notice>& notice, Duration left) {
  if (!is_up()) return;
  session_->heed(notice, own_time() + left, own_time());
  wake_at(timeline_.now());
}

void Machine::hurry() {
  if (is_up() && !is_stopped()) session_->drain_at_once(own_time()), wake_at(timeline_.now());
}

void Machine::reconnect() {
  if (socket_) network_.close(*socket_);
  socket_.reset();
  connects_at_ = timeline_.now() + dice_.between(10ms, 2s);
  if (is_up()) wake_at(connects_at_);
}

void Machine::heal() {
  if (is_stopped()) {
    for (Running& running : running_) running.since = timeline_.now();
    stopped_until_ = {};
  }
  runs_at(1);
}

void Machine::arrive(std::string bytes) {
  if (!is_up()) return;
  inbox_.push_back(std::move(bytes));
  wake_at(timeline_.now());
}

// ---------------------------------------------------------------- its loop

void Machine::wake_at(Instant when) {
  if (!is_up()) return;
  when = std::max({when, stopped_until_, timeline_.now()});
  if (when >= wakes_at_) return;
  wakes_at_ = when;
  timeline_.at(when, [this, when, life = life_] {
    if (life != life_ || when != wakes_at_) return;
    wakes_at_ = Instant::never();
    if (is_stopped()) return wake_at(stopped_until_);
    turn();
  });
}

// In the order of AgentLoop::turn.
void Machine::turn() {
  const Instant now = own_time();
  if (!finish_steps()) return kill();
  for (const std::string& bytes : std::exchange(inbox_, {})) {
    const auto message = decode_to_agent(bytes);
    if (!message) throw Broken{"an agent does not understand the head: " + sentence(message.error())};
    session_->hear(*message, now);
    if (const auto* stored = std::get_if<OutputStored>(&*message)) hear(*stored);
  }
  keep_link();
  session_->settle(now);
  begin_steps();
  while (auto message = session_->next_message(now)) {
    if (facts_.lies) lie_now_and_then(*message);
    if (socket_) network_.send_to_head(*socket_, encode(*message));
  }
  send_output();
  for (const std::uint32_t slot : session_->work().next_curtailed()) curtail(slot);
  for (const std::uint32_t slot : session_->work().next_abandoned()) {
    // Its program is killed at once; a sieve goes on.
    for (Running& running : running_) {
      if (running.step.slot == slot && running.step.kernel == Kernel::exec) running.left_s = 0;
    }
  }
  if (session_->ending()) return end();
  Instant next = std::max(session_->next_deadline() - boot_, timeline_.now() + turn_takes);
  if (!socket_) next = std::min(next, std::max(connects_at_, timeline_.now() + turn_takes));
  if (!outbox_.empty() && socket_ && !session_->holds_output())
    next = std::min(next, std::max(output_due_, timeline_.now() + turn_takes));
  for (const Running& running : running_)
    next = std::min(next, std::max(ends_at(running), timeline_.now() + turn_takes));
  wake_at(next);
}

// Only what the head cannot take for the truth: an impossible count, or another value for what it has stored.
void Machine::lie_now_and_then(AgentToHead& message) {
  auto* beat = std::get_if<Beat>(&message);
  if (beat == nullptr) return;
  for (LeaseView& view : beat->leases) {
    if (!view.value || !dice_.one_in(8)) continue;
    const std::optional<CommittedPart> known = facts_.lies(view.lease);
    if (!known) continue;
    if (known->kernel != Kernel::exec && dice_.one_in(2)) {
      view.value = dice_.one_in(2) ? Int128{-7} : Int128{view.upto - view.begin} + 1;
    } else if (known->upto == view.upto) {
      view.value = Int128{dice_.below(1000)} - 2000;
    }
  }
}

void Machine::end() {
  const Ending ending = *session_->ending();
  if (ending == Ending::refused) throw Broken{"an honest agent was refused: " + session_->ending_detail()};
  kill();
  // Another process has its name now; only when that is gone is this one of use again.
  if (ending == Ending::replaced) is_replaced_ = true, comes_ = false, ++life_;
}

void Machine::keep_link() {
  const Instant now = timeline_.now();
  if (!socket_ && now >= connects_at_) {
    socket_ = network_.open(*this, {Role::agent, "the fleet's key", "fleet"});
    connected_at_ = own_time();
    session_->reach_head(own_time());
    output_due_ = now;
  }
  const Duration mute = own_time() - std::max(session_->heard_at(), connected_at_);
  if (!socket_ || mute <= silent_beats_max * session_->beat_interval() + 5s) return;
  network_.close(*socket_);
  socket_.reset();
  connects_at_ = now + dice_.between(250ms, backoff_longest);
}

// ---------------------------------------------------------------- its slots

Instant Machine::ends_at(const Running& running) const {
  return running.since + from_seconds(running.left_s / speed_);
}

// Keeps what was computed so far, whatever the next speed is.
void Machine::account() {
  const Instant now = timeline_.now();
  for (Running& running : running_) {
    if (now <= running.since) continue;
    running.left_s = std::max(0.0, running.left_s - seconds(now - running.since) * speed_);
    running.since = now;
  }
}

// False: a program has killed the agent.
bool Machine::finish_steps() {
  const Instant now = timeline_.now();
  std::vector<Running> finished;
  std::erase_if(running_, [&](const Running& running) {
    if (ends_at(running) > now) return false;
    finished.push_back(running);
    return true;
  });
  for (const Running& running : finished) {
    if (running.killer) {
      deaths_[{running.step.job, *running.killer}] += 1;
      return false;
    }
    const StepResult result = result_of(running);
    if (!result.collected.empty()) {
      Output output{facts_.name, incarnation_, ++output_seq_, {}, {}};
      for (const CollectedRun& run : result.collected)
        output.outputs.push_back({result.step.job, result.step.lease, run.run, 0, true, {run.text}});
      outbox_.push_back(std::move(output));
      output_due_ = std::min(output_due_, now);
    }
    session_->finish(result);
  }
  return true;
}

void Machine::begin_steps() {
  const Instant now = timeline_.now();
  for (const Step& step : session_->work().next_steps()) {
    Cost expected = expected_cost(step.kernel, step.range.begin);
    if (!facts_.has_tables) expected.fixed_s = 0;
    const double work_s = facts_.slowness * expected.seconds(static_cast<double>(step.range.width()));
    const double takes_s = work_s * (0.95 + 0.1 * dice_.fraction());
    running_.push_back({step, takes_s, now, now});
    running_.back().work_s = takes_s;
    running_.back().end = step.range.end;
    if (hangs_in(step, step.range)) {
      const std::uint32_t limit_ms = step.order->program->timeout_ms;
      running_.back().left_s = running_.back().work_s = limit_ms > 0 ? limit_ms / 1000.0 : hangs_s;
    }
    const auto killer = programs_.killers.lower_bound(step.range.begin);
    if (step.kernel != Kernel::exec || killer == programs_.killers.end() || *killer >= step.range.end)
      continue;
    running_.back().killer = *killer;
    running_.back().left_s *= dice_.fraction();
  }
}

bool Machine::hangs_in(const Step& step, const Range& part) const {
  if (!facts_.hangs || step.kernel != Kernel::exec) return false;
  const auto hanging = programs_.hanging.lower_bound(part.begin);
  return hanging != programs_.hanging.end() && *hanging < part.end;
}

// Leaves out the runs of a step that it has not begun; all runs of a step take equally long.
void Machine::curtail(std::uint32_t slot) {
  account();
  for (Running& running : running_) {
    const Step& step = running.step;
    if (step.slot != slot || !step.order->program || step.order->program->run_width == 0 || running.killer)
      continue;
    const std::uint64_t width = step.order->program->run_width;
    const Range whole{step.order->begin, step.range.end};
    std::vector<std::uint64_t> ends;
    for (std::uint64_t at = step.range.begin; at < step.range.end; at = ends.back())
      ends.push_back(run_boundary(whole, width, at + 1));
    const auto runs = static_cast<double>(ends.size());
    const double done = 1 - running.left_s / running.work_s;
    const auto in_hand = std::min(ends.size() - 1, static_cast<std::size_t>(done * runs));
    running.end = ends[in_hand];
    const double end_s = running.work_s * (static_cast<double>(in_hand) + 1) / runs;
    running.left_s = std::max(0.0, end_s - (running.work_s - running.left_s));
    session_->work().curtail(slot, running.end);
    wake_at(timeline_.now());
  }
}

// A step is one run, or as many as fit into it.
StepResult Machine::result_of(const Running& running) {
  StepResult result;
  const Step& step = result.step = running.step;
  result.took = timeline_.now() - running.began;
  result.upto = step.range.begin;
  const std::uint64_t width = step.order->program ? step.order->program->run_width : 0;
  while (result.upto < running.end && !result.failed) {
    const Range whole{step.order->begin, step.range.end};
    const std::uint64_t end = width == 0 ? step.range.end : run_boundary(whole, width, result.upto + 1);
    compute_run(result, {result.upto, end});
  }
  return result;
}

void Machine::compute_run(StepResult& result, const Range& run) {
  const JobOrder& order = *result.step.order;
  if (auto words = failure_of(result.step, run)) {
    result.failed = StepResult::FailedRun{run.end, *std::move(words)};
    return;
  }
  const Value value = computed(order.fold, order.program, run);
  if (order.fold != Fold::none) result.value = result.value ? *fold(order.fold, *result.value, value) : value;
  if (order.program && order.program->collects) result.collected.push_back({run, printed(run)});
  result.upto = run.end;
}

std::optional<std::string> Machine::failure_of(const Step& step, const Range& run) {
  const auto poison = programs_.poison.lower_bound(run.begin);
  if (poison != programs_.poison.end() && *poison < run.end) return "poison at " + std::to_string(*poison);
  if (facts_.is_broken && step.kernel == Kernel::exec) return "command not found";
  // A run without a limit never comes so far.
  if (hangs_in(step, run)) return fmt::format("killed after {} ms", step.order->program->timeout_ms);
  if (programs_.fail_now_and_then && dice_.one_in(50)) return "out of luck";
  return std::nullopt;
}

// As the agent's loop does: one message at a time, repeated without an answer.
void Machine::send_output() {
  if (outbox_.empty() || !socket_ || timeline_.now() < output_due_ || session_->holds_output()) return;
  network_.send_to_head(*socket_, encode(AgentToHead(outbox_.front())));
  output_due_ = timeline_.now() + 5s;
}

void Machine::hear(const OutputStored& stored) {
  if (outbox_.empty() || stored.incarnation != incarnation_ || stored.seq != outbox_.front().seq) return;
  for (const OutputPart& part : outbox_.front().outputs)
    session_->work().output_is_stored(part.lease, part.run.end);
  outbox_.pop_front();
  output_due_ = timeline_.now();
}

}  // namespace pq::simulation
