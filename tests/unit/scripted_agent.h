// An agent for scenarios: it sends what a test tells it to send, and follows orders as a real agent does. It
// reads answers to its own messages at once. The test must make it read, or lose, messages that the head
// sends on its own.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/messages.h"
#include "daemon/core/queue.h"
#include "tests/rooms.h"

namespace pq::tests {

class Scenario;

struct Upto {
  std::uint64_t point = 0;
};
inline Upto upto(std::uint64_t point) { return {point}; }
inline Value value(std::int64_t integer) { return Int128{integer}; }

// A lease as it was granted.
struct Taken {
  LeaseId id;
  JobId job;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class ScriptedAgent {
 public:
  ScriptedAgent(Scenario& scenario, std::string name);

  // ---- its life
  ScriptedAgent& joins(std::uint32_t slots);
  ScriptedAgent& knows_only(std::vector<Kernel> kernels);  // before it joins
  ScriptedAgent& has_labels(std::vector<Label> labels);    // the same
  ScriptedAgent& has_express() { return has_express_ = true, *this; }
  void restarts();    // as a new process, which does not say hello yet
  void reconnects();  // the same process over a new connection
  void falls_silent() { silent_ = true; }
  void starts_to_drain();
  void says_goodbye();

  // ---- work
  Taken takes_lease();  // the next that it was granted; asks for orders if it has none
  bool is_granted_nothing();
  void commits(const Taken& lease, Upto upto, std::optional<Value> value);
  void finishes(const Taken& lease, std::int64_t value) {
    commits(lease, upto(lease.end), pq::tests::value(value));
  }
  void ends_earlier(const Taken& lease, std::uint64_t end);  // declares a lower end
  void fails(const Taken& lease, Upto upto, const std::string& error);
  void cannot_start(const Taken& lease, Upto upto, const std::string& error);
  void computes(const Taken& lease, Upto step_end);  // and has nothing of it yet
  void drops(const Taken& lease);                    // lists it no more
  void forgets(JobId job) { paces_.erase(job); }
  void measures(JobId job, double per_integer_s, double fixed_s = 0);  // tells it with its next beats

  // The output of its programs, and the head's answers.
  OutputStored delivers(const Output& output);

  // ---- words
  const Orders& beats();
  const Orders& says(Beat beat);
  Beat beat();  // all that it holds, as its next beat
  LeaseView view(const Taken& lease) const;
  void reads();  // what the head has sent unasked; there must be something
  void loses_what_was_sent();
  const Orders& orders() const { return orders_; }                          // the last that it read
  std::optional<std::uint64_t> end_asked(const Taken& lease) const;         // in these
  std::optional<std::uint64_t> lowest_end_asked(const Taken& lease) const;  // in any so far
  bool is_told_express(const Taken& lease) const;                           // the same
  bool holds(const Taken& lease) const { return held_.contains(lease.id); }
  std::size_t leases() const { return held_.size(); }
  std::optional<Refusal> takes_refusal() { return std::exchange(refusal_, std::nullopt); }

  const std::string& name() const { return hello_.name; }
  const Hello& introduction() const { return hello_; }
  Sender sender() const;
  void send(const AgentToHead& message);

 private:
  friend class Scenario;
  void read(const HeadToAgent& message);
  void follow(const Orders& orders);

  Scenario& scenario_;
  Hello hello_;
  PeerId peer_;
  bool introduced_ = false;
  bool silent_ = false;
  bool draining_ = false;
  bool has_express_ = false;
  std::uint64_t seq_ = 0;
  std::map<LeaseId, LeaseView> held_;
  std::deque<Taken> granted_;  // not yet taken by the test
  std::map<LeaseId, std::uint64_t> ends_asked_;
  std::set<JobId> jobs_known_;
  std::map<JobId, PaceView> paces_;
  Orders orders_;
  std::optional<Refusal> refusal_;
  std::optional<OutputStored> stored_;
};

}  // namespace pq::tests
