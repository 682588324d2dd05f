#include "tests/unit/scenario.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "daemon/core/invariants.h"
#include "tests/unit/stored_rows.h"

namespace pq {
namespace {

using namespace std::chrono_literals;

struct ShapeOfState {
  const std::uint64_t begin;
  const std::uint64_t end;

  static std::string equals(const std::optional<Value>& value) {
    return value ? " = " + to_text(*value) : "";
  }
  std::string operator()(const Free& free) const {
    const std::string failed = free.attempts_failed > 0 ? fmt::format(" after {}", free.attempts_failed) : "";
    return fmt::format("free {}:{}{}", begin, end, failed);
  }
  std::string operator()(const Leased& leased) const {
    return fmt::format("leased {}:{} at {}{}", begin, end, leased.upto, equals(leased.value));
  }
  std::string operator()(const Done& done) const {
    return fmt::format("done {}:{}{}", begin, end, equals(done.value));
  }
  std::string operator()(const Failed& failed) const {
    return fmt::format("failed {}:{} ({})", begin, end, failed.error);
  }
};

Stored remembered(const Queue& queue) {
  Stored stored;
  for (const auto& [id, job] : queue.jobs()) {
    stored.jobs[id] = job.row;
    for (const auto& [begin, span] : job.ledger.spans()) stored.spans[{id, begin}] = span;
  }
  for (const auto& [id, agent] : queue.roster().all()) stored.agents[id] = agent.row;
  return stored;
}

}  // namespace

std::string shape(const std::map<std::uint64_t, Span>& spans) {
  std::string text;
  for (const auto& [begin, span] : spans) {
    text += (text.empty() ? "" : ", ") + std::visit(ShapeOfState{begin, span.end}, span.state);
  }
  return text;
}

// ---------------------------------------------------------------- an agent's life

ScriptedAgent::ScriptedAgent(Scenario& scenario, std::string name) : scenario_(scenario) {
  hello_.name = std::move(name);
  hello_.incarnation = {++scenario.last_incarnation_};
  hello_.program_version = "1.0";
  hello_.slots = 1;
  hello_.kernels.assign(all_kernels.begin(), all_kernels.end());
  peer_ = scenario.new_peer();
}

ScriptedAgent& ScriptedAgent::joins(std::uint32_t slots) {
  hello_.slots = slots;
  send(hello_);
  introduced_ = true;
  if (!refusal_) beats();
  return *this;
}

ScriptedAgent& ScriptedAgent::knows_only(std::vector<Kernel> kernels) {
  hello_.kernels = std::move(kernels);
  return *this;
}

void ScriptedAgent::restarts() {
  reconnects();
  hello_.incarnation = {++scenario_.last_incarnation_};
  introduced_ = draining_ = false;
  seq_ = 0;
  held_.clear();
  granted_.clear();
  jobs_known_.clear();
  paces_.clear();
  orders_ = {};
}

void ScriptedAgent::reconnects() {
  scenario_.inboxes_.erase(peer_);
  peer_ = scenario_.new_peer();
}

void ScriptedAgent::starts_to_drain() {
  draining_ = true;
  for (auto& [id, lease] : held_) lease.end = lease.upto;
  beats();
}

void ScriptedAgent::says_goodbye() {
  send(Goodbye{hello_.name, hello_.incarnation});
  held_.clear();
  silent_ = true;
}

// ---------------------------------------------------------------- its work

Taken ScriptedAgent::takes_lease() {
  while (!scenario_.inbox(peer_).empty()) reads();
  if (granted_.empty()) beats();
  REQUIRE_MESSAGE(!granted_.empty(), name(), " is granted no lease");
  const Taken lease = granted_.front();
  granted_.pop_front();
  return lease;
}

bool ScriptedAgent::is_granted_nothing() {
  beats();
  return granted_.empty();
}

void ScriptedAgent::commits(const Taken& lease, Upto upto, std::optional<Value> value) {
  LeaseView& told = held_.try_emplace(lease.id, view(lease)).first->second;
  told.upto = upto.point;
  told.value = value;
  beats();
}

void ScriptedAgent::ends_earlier(const Taken& lease, std::uint64_t end) {
  held_.at(lease.id).end = end;
  beats();
}

void ScriptedAgent::fails(const Taken& lease, Upto upto, const std::string& error) {
  held_.at(lease.id).failed_upto = upto.point;
  held_.at(lease.id).error = error;
  beats();
}

void ScriptedAgent::drops(const Taken& lease) {
  held_.erase(lease.id);
  beats();
}

void ScriptedAgent::measures(JobId job, double per_integer_s, double fixed_s) {
  paces_[job] = {job, fixed_s, per_integer_s};
}

// ---------------------------------------------------------------- its words

Beat ScriptedAgent::beat() {
  Beat beat;
  beat.name = hello_.name;
  beat.incarnation = hello_.incarnation;
  beat.seq = ++seq_;
  beat.epoch = orders_.epoch;
  beat.orders_seen = orders_.number;
  beat.draining = draining_;
  for (const auto& [id, lease] : held_) beat.leases.push_back(lease);
  for (const auto& [job, pace] : paces_) beat.paces.push_back(pace);
  return beat;
}

LeaseView ScriptedAgent::view(const Taken& lease) const {
  const auto held = held_.find(lease.id);
  if (held != held_.end()) return held->second;
  return {lease.id, lease.begin, lease.begin, lease.end, std::nullopt, std::nullopt, std::nullopt};
}

const Orders& ScriptedAgent::beats() { return says(beat()); }

const Orders& ScriptedAgent::says(Beat beat) {
  send(beat);
  return orders_;
}

Sender ScriptedAgent::sender() const { return {peer_, "key of " + hello_.name}; }

void ScriptedAgent::send(const AgentToHead& message) {
  scenario_.turn(sender(), message);
  while (!scenario_.inbox(peer_).empty()) reads();
}

void ScriptedAgent::reads() {
  auto& inbox = scenario_.inbox(peer_);
  REQUIRE_MESSAGE(!inbox.empty(), name(), " was sent nothing");
  for (const Scenario::Message& message : std::exchange(inbox, {})) {
    REQUIRE_MESSAGE(std::holds_alternative<HeadToAgent>(message), "an agent is sent a client's letter");
    read(std::get<HeadToAgent>(message));
  }
}

void ScriptedAgent::loses_what_was_sent() {
  REQUIRE_MESSAGE(!scenario_.inbox(peer_).empty(), name(), " was sent nothing");
  scenario_.inbox(peer_).clear();
}

void ScriptedAgent::read(const HeadToAgent& message) {
  if (const auto* orders = std::get_if<Orders>(&message)) follow(*orders);
  if (const auto* refusal = std::get_if<Refusal>(&message)) refusal_ = *refusal;
  if (const auto* welcome = std::get_if<Welcome>(&message)) CHECK(welcome->incarnation == hello_.incarnation);
}

// As a real agent does: what is new is taken, what is not listed is gone.
void ScriptedAgent::follow(const Orders& orders) {
  CHECK((orders.epoch != orders_.epoch || orders.number > orders_.number));
  orders_ = orders;
  for (const JobOrder& job : orders.jobs) jobs_known_.insert(job.job);
  std::set<LeaseId> listed;
  for (const LeaseOrder& order : orders.leases) {
    listed.insert(order.lease);
    if (held_.contains(order.lease) || draining_) continue;
    CHECK_MESSAGE(jobs_known_.contains(order.job), "a lease comes with what its job is");
    const Taken lease{order.lease, order.job, order.range.begin, order.range.end};
    held_[order.lease] = view(lease);
    granted_.push_back(lease);
  }
  std::erase_if(held_, [&](const auto& held) { return !listed.contains(held.first); });
  std::erase_if(granted_, [&](const Taken& lease) { return !listed.contains(lease.id); });
}

std::optional<std::uint64_t> ScriptedAgent::end_asked(const Taken& lease) const {
  for (const LeaseOrder& order : orders_.leases) {
    if (order.lease == lease.id) return order.end_asked;
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- the head's turn

Scenario::Scenario(QueueSettings settings) : settings_(settings), now_{Instant{1h}, 1'700'000'000'000} {
  next_beats_ = now_.instant + settings.beat_interval;
  client_ = new_peer();
  restarts_head();
}

Scenario::~Scenario() {
  if (std::uncaught_exceptions() > 0) return;
  for (const auto& [peer, messages] : inboxes_) {
    CHECK_MESSAGE(messages.empty(), messages.size(), " messages are left unread by peer ", peer.value);
  }
  for (const auto& [name, agent] : agents_) {
    CHECK_MESSAGE(!agent.refusal_, name, " was refused");
    CHECK_MESSAGE(agent.granted_.empty(), name, " was granted leases that the test does not know of");
  }
}

void Scenario::restores_head(const Stored& backup) {
  stored_ = Stored(backup);
  queue_.emplace(settings_, Epoch{++last_epoch_}, stored_, now_);
  for (auto& [peer, messages] : inboxes_) messages.clear();
  for (auto& [name, agent] : agents_) agent.reconnects();
  client_ = new_peer();
  leases_live_.clear();
  for (const auto& [id, lease] : queue_->leases().all()) leases_live_.insert(id);
  done_.clear();
  check_turn();
}

template <class Said>
void Scenario::turn(const Sender& from, const Said& said) {
  Effects effects;
  queue_->handle(from, said, now_, effects);
  settle(effects);
}

void Scenario::settle(Effects& effects) {
  queue_->settle(now_, effects);
  apply(effects.changes, stored_);
  for (const Outgoing& outgoing : effects.outgoing) inbox(outgoing.peer).push_back(outgoing.message);
  for (const Event& event : effects.events) ++happened_[event.what];
  check_turn();
}

void Scenario::check_turn() {
  const auto broken = broken_invariant(*queue_);
  REQUIRE_MESSAGE(!broken, broken.value_or(""));
  REQUIRE(text_of(stored_) == text_of(remembered(*queue_)));
  CHECK(queue_->next_deadline() > now_.instant);  // or the daemon would spin
  for (const auto& [id, job] : queue_->jobs()) {
    CHECK_MESSAGE(job.ledger.done() >= done_[id], "progress_is_monotonic");
    done_[id] = job.ledger.done();
  }
  check_leases_are_new();
}

void Scenario::check_leases_are_new() {
  std::set<LeaseId> live;
  for (const auto& [id, lease] : queue_->leases().all()) {
    live.insert(id);
    if (leases_live_.contains(id)) continue;
    CHECK_MESSAGE(leases_ever_.insert(id).second, "lease_ids_never_repeat: ", to_text(id));
  }
  leases_live_ = std::move(live);
}

// ---------------------------------------------------------------- time

void Scenario::passes(Duration duration) {
  const Instant end = now_.instant + duration;
  while (now_.instant < end) {
    const Duration step = std::min({end, queue_->next_deadline(), next_beats_}) - now_.instant;
    now_.instant = now_.instant + step;
    now_.unix_ms += std::chrono::duration_cast<std::chrono::milliseconds>(step).count();
    Effects effects;
    settle(effects);
    if (now_.instant == next_beats_) all_beat();
  }
}

void Scenario::all_beat() {
  next_beats_ = now_.instant + settings_.beat_interval;
  for (auto& [name, agent] : agents_) {
    if (agent.introduced_ && !agent.silent_) agent.beats();
  }
}

// ---------------------------------------------------------------- agents and clients

ScriptedAgent& Scenario::stranger(const std::string& name) {
  return agents_.try_emplace(name, *this, name).first->second;
}

ScriptedAgent& Scenario::another_process_of(const std::string& name) {
  return agents_.try_emplace(name + "'", *this, name).first->second;
}

ScriptedAgent& Scenario::agent(const std::string& name) {
  const bool is_new = !agents_.contains(name);
  return is_new ? stranger(name).joins(1) : agents_.at(name);
}

JobId Scenario::submits(Range range, Fold fold) {
  JobSpec spec;
  spec.range = range;
  spec.fold = fold;
  return submits(spec);
}

JobId Scenario::submits(const JobSpec& spec) {
  const HeadToClient answer = asks(Submit{{1, last_request_}, spec});
  REQUIRE(std::holds_alternative<Submitted>(answer));
  CHECK_FALSE(std::get<Submitted>(answer).repeated);
  return std::get<Submitted>(answer).job;
}

HeadToClient Scenario::asks(const ClientToHead& question) {
  const RequestNumber number = ++last_request_;
  turn(Sender{client_, "key of a client"}, Letter<ClientToHead>{number, question});
  const auto answer = answer_to(number);
  REQUIRE_MESSAGE(answer, "the client is not answered in the same turn");
  return *answer;
}

JobReport Scenario::job(JobId id) {
  const HeadToClient answer = asks(AskJob{id});
  REQUIRE(std::holds_alternative<JobReport>(answer));
  return std::get<JobReport>(answer);
}

JobReport Scenario::steers(JobId id, Steering what) {
  const HeadToClient answer = asks(Steer{id, what});
  REQUIRE(std::holds_alternative<JobReport>(answer));
  return std::get<JobReport>(answer);
}

Refusal Scenario::is_refused(const ClientToHead& question) {
  const HeadToClient answer = asks(question);
  REQUIRE(std::holds_alternative<Refusal>(answer));
  return std::get<Refusal>(answer);
}

void Scenario::waits(RequestNumber number, const Wait& wait, PeerId peer) {
  if (peer == PeerId{}) peer = client_;
  turn(Sender{peer, "key of a client"}, Letter<ClientToHead>{number, wait});
}

std::optional<HeadToClient> Scenario::answer_to(RequestNumber number, PeerId peer) {
  auto& letters = inbox(peer == PeerId{} ? client_ : peer);
  const auto letter = std::find_if(letters.begin(), letters.end(), [&](const Message& message) {
    const auto* found = std::get_if<Letter<HeadToClient>>(&message);
    return found != nullptr && found->request == number;
  });
  if (letter == letters.end()) return std::nullopt;
  HeadToClient body = std::get<Letter<HeadToClient>>(*letter).body;
  letters.erase(letter);
  return body;
}

}  // namespace pq
