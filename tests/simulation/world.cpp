#include "tests/simulation/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "common/protocol/limits.h"
#include "common/values/limits.h"
#include "tests/rooms.h"
#include "tests/simulation/truth.h"
#include "tests/unit/stored_rows.h"

namespace pq::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t turns_max = 2'000'000;  // of everybody: more is a run that does not sleep

// A few people, each with several jobs.
std::string submitter_of(const Submit& submit) {
  constexpr std::array names = {"alice", "bob", "carol"};
  return names.at(submit.id.low % names.size());
}

QueueSettings draw_settings(Dice& dice) {
  QueueSettings settings;
  if (dice.one_in(4)) settings.parts_kept = 4 + dice.below(30);
  if (dice.one_in(2)) return settings;
  settings.beat_interval = dice.between(200ms, 2s);
  settings.lease_term = settings.beat_interval * (4 + static_cast<int>(dice.below(12)));
  return settings;
}

}  // namespace

World::World(std::uint64_t seed, bool tells)
    : dice_(seed),
      weather_(dice_),
      tells_(tells),
      network_(timeline_, dice_, weather_.roughness),
      disk_(dice_),
      head_(timeline_, dice_, network_, disk_, auditor_, draw_settings(dice_)) {
  programs_.fail_now_and_then = weather_.programs_fail;
  // With only one or two agents nobody can tell whether they die of what they compute.
  const std::uint64_t machines = (weather_.killers ? 3 : 1) + dice_.below(dice_.one_in(10) ? 12 : 4);
  for (std::uint64_t i = 0; i < machines; ++i) add_machine(draw_machine());
  if (weather_.hangs) {
    MachineFacts facts = draw_machine();
    facts.hangs = true;
    add_machine(facts);
  }
  for (std::uint64_t n = weather_.broken_machine ? 1 + (weather_.few_attempts ? dice_.below(4) : 0) : 0;
       n > 0; --n) {
    MachineFacts facts = draw_machine();
    facts.is_broken = true;
    add_machine(facts);
  }
  if (weather_.lying_machine) {
    MachineFacts facts = draw_machine();
    facts.lies = [this](LeaseId lease) { return known_of(lease); };
    add_machine(facts);
  }
  draw_jobs();
  draw_small_counts();
}

std::optional<CommittedPart> World::known_of(LeaseId id) const {
  if (timeline_.now() >= heals_at_ || !head_.is_up()) return std::nullopt;
  const Lease* lease = head_.queue().leases().find(id);
  if (lease == nullptr) return std::nullopt;
  const Job& job = head_.queue().jobs().at(lease->job);
  return CommittedPart{job.row.spec.kernel, job.ledger.leased_at(lease->begin)->upto};
}

Machine& World::add_machine(MachineFacts facts) {
  machines_.push_back(std::make_unique<Machine>(timeline_, dice_, network_, programs_, std::move(facts)));
  return *machines_.back();
}

MachineFacts World::draw_machine() {
  MachineFacts facts;
  facts.name = fmt::format("machine-{}", ++last_machine_);
  facts.slots = static_cast<std::uint32_t>((weather_.programs ? 2 : 1) + dice_.below(3));
  facts.slowness = std::pow(10, 1.5 * dice_.fraction() - 0.5);
  if (dice_.one_in(4)) facts.head_timeout = dice_.between(20s, 60s);
  facts.has_express = !dice_.one_in(4);
  if (tells_) {
    fmt::print("{}: {} slots, {:.1f} times as slow as expected\n", facts.name, facts.slots, facts.slowness);
  }
  return facts;
}

// Enough work to keep the fleet busy for about as long as faults happen.
void World::draw_jobs() {
  const std::uint64_t jobs = 1 + dice_.below(4);
  const double work_usual_s = fleet() * seconds(weather_.faulty_for) / static_cast<double>(jobs);
  for (std::uint64_t i = 0; i < jobs; ++i) {
    Submit submit;
    submit.id = {dice_.bits(), i};
    if (weather_.programs && dice_.one_in(2)) draw_program(submit.spec);
    submit.spec.priority = dice_.one_in(3) ? static_cast<std::int32_t>(dice_.below(3)) - 1 : 0;
    // So many failures are unlikely; but a broken machine may be the only connected one for a while.
    submit.spec.attempts_max = weather_.poison ? 2 : weather_.broken_machine ? 10'000 : 100;
    submit.spec.failures_max = 1'000'000;
    if (weather_.few_attempts) submit.spec.attempts_max = 1 + static_cast<std::uint32_t>(dice_.below(3));
    if (weather_.few_attempts) submit.spec.failures_max = static_cast<std::uint32_t>(dice_.below(20));
    // If agents also die of other causes, the same run may be in hand three times by accident.
    if (weather_.agents_die()) submit.spec.crash_limit = dice_.one_in(2) ? 0 : 12;
    const std::uint64_t begin = dice_.bits() >> (1 + dice_.below(60));
    const double width = work_usual_s * std::pow(2, 2 - 8 * dice_.fraction()) /
                         expected_cost(submit.spec.kernel, begin).per_integer_s;
    submit.spec.range = {begin, begin + 1 + static_cast<std::uint64_t>(width)};
    for (std::uint64_t n = weather_.poison ? dice_.below(3) : 0; n > 0; --n)
      programs_.poison.insert(begin + dice_.below(submit.spec.range.width()));
    if (weather_.hangs && submit.spec.program) {
      submit.spec.program->collects = false;  // what is collected is not computed by two at once
      // A run with a limit fails where it hangs, and its machine may be the only one for a while.
      if (submit.spec.program->timeout_ms > 0) submit.spec.attempts_max = 100;
      for (std::uint64_t n = dice_.below(3); n > 0; --n)
        programs_.hanging.insert(begin + dice_.below(submit.spec.range.width()));
    }
    for (std::uint64_t n = weather_.killers && submit.spec.program ? dice_.below(3) : 0; n > 0; --n)
      programs_.killers.insert(begin + dice_.below(submit.spec.range.width()));
    auto& client = clients_.emplace_back(
        std::make_unique<Client>(timeline_, dice_, network_, programs_, submit, submitter_of(submit)));
    if (weather_.clients_steer) client->steers(dice_.one_in(3));
    timeline_.after(dice_.between(0s, weather_.faulty_for / 2), [&client = *client] { client.begin(); });
  }
}

// Work for express places, while the jobs above keep the slots busy.
void World::draw_small_counts() {
  for (std::uint64_t i = dice_.below(6); i > 0; --i) {
    Submit submit;
    submit.id = {dice_.bits(), 1000 + i};
    if (dice_.one_in(3)) submit.spec.priority = static_cast<std::int32_t>(dice_.below(3)) - 1;
    submit.spec.attempts_max = 100;
    submit.spec.failures_max = 1'000'000;
    const std::uint64_t begin = dice_.bits() >> (1 + dice_.below(60));
    const double width =
        std::pow(10, -4 * dice_.fraction()) / expected_cost(submit.spec.kernel, begin).per_integer_s;
    submit.spec.range = {begin, begin + 1 + static_cast<std::uint64_t>(width)};
    auto& client = clients_.emplace_back(
        std::make_unique<Client>(timeline_, dice_, network_, programs_, submit, submitter_of(submit)));
    if (weather_.clients_steer && dice_.one_in(2)) client->steers(dice_.one_in(3));
    timeline_.after(dice_.between(0s, weather_.faulty_for), [&client = *client] { client.begin(); });
  }
}

void World::draw_program(JobSpec& spec) {
  spec.kernel = Kernel::exec;
  spec.program = Program{};
  spec.program->words = {"simulated"};
  spec.fold = dice_.one_in(2) ? Fold::sum : static_cast<Fold>(dice_.below(4));
  if (dice_.one_in(2)) spec.program->run_width = 1 + dice_.below(9);
  if (spec.program->run_width > 0 && dice_.one_in(4)) {
    spec.program->words = decimal_words;
    spec.program->run_width = 1;
    spec.fold = Fold::sum;
  }
  spec.program->collects = dice_.one_in(2);
  if (dice_.one_in(3)) spec.cpus = 2;
  if (spec.cpus > 1 || !dice_.one_in(3)) return;
  spec.program->express = true;
  spec.program->timeout_ms = 10'000;
}

void World::run() {
  head_.start();
  disk_.back_up();
  for (const auto& machine : machines_) machine->start();
  if (!weather_.faults.empty()) plan_fault();
  timeline_.at(heals_at_, [this] { heal(); });
  if (tells_) tell_regularly();
  Instant until = heals_at_;
  std::optional<Duration> patience_left;
  for (std::uint64_t turn = 0; !all_have_answers(); ++turn) {
    if (turn > turns_max) throw Broken{"somebody does not sleep: there is no end of turns"};
    if (timeline_.step(until)) continue;
    if (patience_left) {
      throw Broken{fmt::format("not every job has ended {:.0f} s after the last fault{}",
                               seconds(*patience_left), describe())};
    }
    patience_left = patience();
    until = heals_at_ + *patience_left;
  }
  auditor_.sees_end(disk_.model());
  check_deaths();
}

// A killing integer costs so many agents and no more. Two deaths are not counted: of an agent that dies while
// no head runs, and of one that holds the part although the head has granted it to another by now.
void World::check_deaths() {
  Machine::Deaths deaths;
  for (const auto& machine : machines_) {
    for (const auto& [killer, times] : machine->deaths()) deaths[killer] += times;
  }
  if (weather_.roughness.late > 0) return;  // a word that comes after its sender's death says that it lives
  for (const auto& [killer, times] : deaths) {
    auditor_.tally.killed += times;
    auditor_.tally.killed_most = std::max<std::uint64_t>(auditor_.tally.killed_most, times);
    if (times > limits::crash_limit_usual + auditor_.tally.heads + (weather_.faults.empty() ? 0 : 1))
      throw Broken{fmt::format("crash_limit: integer {} has killed {} agents", killer.second, times)};
  }
}

bool World::all_have_answers() const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [](const auto& client) { return client->has_its_answer(); });
}

void World::tell_regularly() {
  timeline_.after(5s, [this] {
    fmt::print("{:8.3f} s{}\n", seconds(simulated()), describe());
    tell_regularly();
  });
}

// What a person who replays this seed wants to see first.
std::string World::describe() const {
  std::string text;
  for (const auto& machine : machines_) {
    text += fmt::format("; {} {}, {} steps run", machine->facts().name,
                        machine->is_up() ? "is up" : "is down", machine->busy());
  }
  for (const auto& client : clients_) {
    if (!client->has_its_answer())
      text += fmt::format("; the client of job {} waits", client->job() ? client->job()->value : 0);
  }
  if (!head_.is_up()) return text + "; the head is down";
  for (const auto& [id, job] : head_.queue().jobs()) {
    text += fmt::format("; job {} is {}, of {} integers {} are left, {} leases, priority {}", id.value,
                        to_text(job.row.state), job.ledger.range().width(), job.ledger.rest(),
                        job.ledger.leases(), job.row.spec.priority);
    int told = 0;
    for (const auto& [begin, span] : job.ledger.spans()) {
      if (std::holds_alternative<Done>(span.state) || ++told > 4) continue;
      text += ", " + tests::text_of(SpanKey{id, begin}, span);
    }
  }
  return text;
}

// The time that may still be needed. The terms of leases and of a restarted head (30 s) run out, machines
// come back (20 s), each slot ends a step and a last one (60 s each), and poison is found by halving. Then
// the fleet computes all jobs from their begin, with each step's fixed cost; twice, for what is computed
// again.
Duration World::patience() const {
  double slowest = 0;
  for (const auto& machine : machines_) slowest = std::max(slowest, machine->facts().slowness);
  double rest_s = 0;
  double halving_s = 0;
  for (const auto& client : clients_) {
    const JobSpec& spec = client->submission().spec;
    const Cost cost = expected_cost(spec.kernel, spec.range.end);
    const double fixed_s = std::min(slowest * cost.fixed_s, seconds(limits::step_longest) - 1);
    const double fixed_share = fixed_s / (seconds(limits::step_longest) - fixed_s);
    // Beside steps that need two slots, a second slot may stay idle.
    const double waste = spec.cpus;
    rest_s += waste * spec.cpus * cost.seconds(static_cast<double>(spec.range.width())) * (1 + fixed_share);
    const auto first = programs_.poison.lower_bound(spec.range.begin);
    const auto poisoned = std::distance(first, programs_.poison.lower_bound(spec.range.end));
    halving_s += static_cast<double>(poisoned) * 2 * 64 * (slowest * cost.fixed_s + 1);
    if (weather_.hangs) halving_s += 6000;  // each is noticed after ten times what is usual, and again
    // Each death is found after a lease's term, and what is narrowed down is tried one part after the other.
    if (weather_.killers) halving_s += 4 * (60 + 64 * slowest * cost.seconds(1));
  }
  // A part with which agents were lost is tried integer by integer, on one slot of each agent.
  const double alone = weather_.agents_die() ? 8 : 2;
  return 60s + 4 * limits::step_longest + from_seconds(halving_s + alone * rest_s / fleet());
}

// Slots of the speed that is expected. Of processes with one name only the last will remain, whichever it is.
double World::fleet() const {
  std::map<std::string, double> by_name;
  for (const auto& machine : machines_) {
    if (!machine->facts().comes_back || machine->facts().is_broken || machine->facts().lies) continue;
    const double slots = machine->facts().slots / machine->facts().slowness;
    const auto [known, is_new] = by_name.try_emplace(machine->facts().name, slots);
    if (!is_new) known->second = std::min(known->second, slots);
  }
  double slots = 0;
  for (const auto& [name, of_name] : by_name) slots += of_name;
  return slots;
}

// ---------------------------------------------------------------- what goes wrong

void World::plan_fault() {
  timeline_.after(dice_.between(1ms, 2 * weather_.fault_pause), [this] {
    if (timeline_.now() >= heals_at_) return;
    const Fault fault = weather_.faults[dice_.below(weather_.faults.size())];
    if (tells_) fmt::print("{:8.3f} s: {}\n", seconds(simulated()), to_text(fault));
    auditor_.tally.faults += 1;
    happens(fault);
    plan_fault();
  });
}

void World::happens(Fault fault) {
  if (fault >= Fault::kill_head) return happens_to_head(fault);
  happens_to(*machines_[dice_.below(machines_.size())], fault);
  if (fault < Fault::cut_both_ways || clients_.empty() || !dice_.one_in(3)) return;
  network_.cut(*clients_[dice_.below(clients_.size())], fault != Fault::cut_from_head,
               fault != Fault::cut_to_head, dice_.between(100ms, 20s));
}

void World::happens_to_head(Fault fault) {
  if (dice_.one_in(4)) disk_.back_up();
  switch (fault) {
    case Fault::kill_head:
      if (dice_.one_in(4)) return head_.die(dice_.between(50ms, 40s));
      return head_.is_doomed(static_cast<Doom>(1 + dice_.below(3)));
    case Fault::cut_power:
      return head_.is_doomed(Doom::commit_unknown);
    case Fault::stop_head:
      return head_.stands_still(dice_.between(100ms, 40s));
    case Fault::fill_disk:
      disk_.fill(true);
      return timeline_.after(dice_.between(1s, 20s), [this] { disk_.fill(false); });
    case Fault::crowd_disk:
      disk_.crowd(true);
      return timeline_.after(dice_.between(1s, 20s), [this] { disk_.crowd(false); });
    case Fault::restore_head:
      for (const auto& client : clients_) client->head_was_restored();
      return head_.restore_backup(dice_.between(1s, 20s));
    default:
      return head_.step_wall_clock(dice_.between(-87600h, 87600h));
  }
}

void World::happens_to(Machine& machine, Fault fault) {
  const auto cut = [&](bool to_head, bool from_head) {
    network_.cut(machine, to_head, from_head, dice_.between(100ms, dice_.one_in(4) ? 60s : 5s));
  };
  switch (fault) {
    case Fault::kill_agent:
      return machine.kill();
    case Fault::vanish_agent: {
      machine.vanish();
      Machine& next = add_machine(draw_machine());
      return timeline_.after(dice_.between(1s, 20s), [&next] { next.start(); });
    }
    case Fault::stop_agent:
      return machine.stop_for(dice_.between(100ms, dice_.one_in(4) ? 120s : 10s));
    case Fault::double_agent: {
      Machine& other = add_machine(machine.facts());
      return other.start();
    }
    case Fault::slow_agent:
      machine.runs_at(0.1);
      return timeline_.after(dice_.between(5s, 60s), [&machine] { machine.runs_at(1); });
    case Fault::drain_agent:
      return machine.drain();
    case Fault::hurry_agent:
      return machine.hurry();
    case Fault::warn_agent: {
      const Duration left = dice_.between(0s, 120s);
      machine.is_told(Notice{NoticeKind::interruption, "EC2 Spot: terminate", std::nullopt}, left);
      return timeline_.after(dice_.between(100ms, 10s), [&machine] { machine.is_told(std::nullopt, 0s); });
    }
    case Fault::advise_agent:
      machine.is_told(Notice{NoticeKind::rebalance, "EC2 recommends to rebalance", std::nullopt}, 0s);
      return timeline_.after(dice_.between(1s, 30s), [&machine] { machine.is_told(std::nullopt, 0s); });
    case Fault::reconnect_agent:
      return machine.reconnect();
    case Fault::cut_both_ways:
      return cut(true, true);
    case Fault::cut_to_head:
      return cut(true, false);
    default:
      return cut(false, true);
  }
}

void World::heal() {
  if (tells_) fmt::print("{:8.3f} s: from now on nothing goes wrong\n", seconds(simulated()));
  programs_.fail_now_and_then = false;
  network_.heal();
  disk_.fill(false);
  disk_.doom = Doom::none;
  head_.stands_still(0s);
  for (const auto& client : clients_) client->calms_down();
  for (const auto& machine : machines_) machine->heal();
  keep_somebody_running();
}

// A late Hello of a process that is gone can take the name of a live one; then the operator starts that
// again. And the last machine may have vanished.
void World::keep_somebody_running() {
  const auto runs = [&](const std::string& name) {
    return std::any_of(machines_.begin(), machines_.end(), [&](const auto& machine) {
      return machine->will_run() && (name.empty() || machine->facts().name == name);
    });
  };
  const bool some_work = std::any_of(machines_.begin(), machines_.end(), [](const auto& machine) {
    return machine->will_run() && !machine->facts().is_broken && !machine->facts().lies;
  });
  for (const auto& machine : machines_) {
    if (machine->is_replaced() && machine->facts().comes_back && !runs(machine->facts().name))
      machine->start();
  }
  if (!some_work) add_machine(draw_machine()).start();
  timeline_.after(5s, [this] { keep_somebody_running(); });
}

}  // namespace pq::simulation
