#include "tests/unit/scripted_agent.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <variant>

#include "tests/rooms.h"
#include "tests/unit/scenario.h"

namespace pq::tests {

// ---------------------------------------------------------------- an agent's life

ScriptedAgent::ScriptedAgent(Scenario& scenario, std::string name) : scenario_(scenario) {
  hello_.name = std::move(name);
  hello_.incarnation = {++scenario.last_incarnation_};
  hello_.program_version = "1.0";
  hello_.slots = 1;
  hello_.kernels.assign(sieve_kernels.begin(), sieve_kernels.end());
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

ScriptedAgent& ScriptedAgent::has_labels(std::vector<Label> labels) {
  hello_.labels = std::move(labels);
  return *this;
}

OutputStored ScriptedAgent::delivers(const Output& output) {
  stored_.reset();
  send(output);
  REQUIRE_MESSAGE(stored_, name(), " is not told that its output is stored");
  CHECK(stored_->incarnation == output.incarnation);
  return *stored_;
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

void ScriptedAgent::cannot_start(const Taken& lease, Upto upto, const std::string& error) {
  held_.at(lease.id).cannot_start = true;
  fails(lease, upto, error);
}

void ScriptedAgent::computes(const Taken& lease, Upto step_end) {
  held_.at(lease.id).step_end = step_end.point;
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
  beat.express = has_express_;
  for (const auto& [id, lease] : held_) beat.leases.push_back(lease);
  for (const auto& [job, pace] : paces_) beat.paces.push_back(pace);
  return beat;
}

LeaseView ScriptedAgent::view(const Taken& lease) const {
  const auto held = held_.find(lease.id);
  if (held != held_.end()) return held->second;
  LeaseView told{lease.id, lease.begin, lease.begin, lease.end, std::nullopt, std::nullopt, std::nullopt};
  told.step_end = lease.end;  // what it computes is all of it, if nothing else is said
  return told;
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
  if (const auto* stored = std::get_if<OutputStored>(&message)) stored_ = *stored;
  if (const auto* refusal = std::get_if<Refusal>(&message)) refusal_ = *refusal;
  if (const auto* welcome = std::get_if<Welcome>(&message)) CHECK(welcome->incarnation == hello_.incarnation);
}

// As a real agent does: new leases are taken, leases that are not listed are gone.
void ScriptedAgent::follow(const Orders& orders) {
  CHECK((orders.epoch != orders_.epoch || orders.number > orders_.number));
  orders_ = orders;
  for (const JobOrder& job : orders.jobs) jobs_known_.insert(job.job);
  std::set<LeaseId> listed;
  for (const LeaseOrder& order : orders.leases) {
    listed.insert(order.lease);
    if (order.end_asked) {
      const auto lowest = ends_asked_.try_emplace(order.lease, *order.end_asked).first;
      lowest->second = std::min(lowest->second, *order.end_asked);
    }
    if (held_.contains(order.lease) || draining_) continue;
    CHECK_MESSAGE(jobs_known_.contains(order.job), "a lease comes with what its job is");
    const Taken lease{order.lease, order.job, order.range.begin, order.range.end};
    held_[order.lease] = view(lease);
    held_[order.lease].express = order.express;
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

bool ScriptedAgent::is_told_express(const Taken& lease) const {
  return std::any_of(orders_.leases.begin(), orders_.leases.end(),
                     [&](const LeaseOrder& order) { return order.lease == lease.id && order.express; });
}

std::optional<std::uint64_t> ScriptedAgent::lowest_end_asked(const Taken& lease) const {
  const auto lowest = ends_asked_.find(lease.id);
  return lowest == ends_asked_.end() ? std::nullopt : std::optional(lowest->second);
}

}  // namespace pq::tests
