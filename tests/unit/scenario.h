// A head's queue among agents and a client, told in the domain's words. The queue is driven only through
// handle and settle, over virtual time. After every turn all invariants must hold and the rows written so far
// must be what the queue remembers; at the end no message may be left unread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/messages.h"
#include "daemon/core/queue.h"
#include "daemon/core/rows.h"

namespace pq {

class Scenario;

struct Upto {
  std::uint64_t point = 0;
};
inline Upto upto(std::uint64_t point) { return {point}; }
inline Value value(std::int64_t integer) { return Int128{integer}; }

// "done 0:300 = 62, leased 300:500 at 400 = 7, free 500:1000": spans without their holders, for expectations.
std::string shape(const std::map<std::uint64_t, Span>& spans);

// A lease as it was granted.
struct Taken {
  LeaseId id;
  JobId job;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// An agent that says what it is told to say. It reads the answers to its own words at once; what the head
// sends unasked it must be made to read (or to lose).
class ScriptedAgent {
 public:
  ScriptedAgent(Scenario& scenario, std::string name);

  // ---- its life
  ScriptedAgent& joins(std::uint32_t slots);
  ScriptedAgent& knows_only(std::vector<Kernel> kernels);  // before it joins
  void restarts();                                         // as a new process, which does not say hello yet
  void reconnects();                                       // the same process over a new connection
  void falls_silent() { silent_ = true; }
  void wakes() { silent_ = false; }
  void starts_to_drain();
  void says_goodbye();

  // ---- work
  Taken takes_lease();  // the next that it was granted; asks for orders if it has none
  bool is_granted_nothing();
  void commits(const Taken& lease, Upto upto, std::optional<Value> value);
  void finishes(const Taken& lease, std::int64_t value) { commits(lease, upto(lease.end), pq::value(value)); }
  void ends_earlier(const Taken& lease, std::uint64_t end);  // declares a lower end
  void fails(const Taken& lease, Upto upto, const std::string& error);
  void drops(const Taken& lease);                                      // lists it no more
  void measures(JobId job, double per_integer_s, double fixed_s = 0);  // tells it with its next beats

  // ---- words
  const Orders& beats();
  const Orders& says(Beat beat);
  Beat beat();  // all that it holds, as its next beat
  LeaseView view(const Taken& lease) const;
  void reads();  // what the head has sent unasked; there must be something
  void loses_what_was_sent();
  const Orders& orders() const { return orders_; }                   // the last that it read
  std::optional<std::uint64_t> end_asked(const Taken& lease) const;  // in these
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
  std::uint64_t seq_ = 0;
  std::map<LeaseId, LeaseView> held_;
  std::deque<Taken> granted_;  // not yet taken by the test
  std::set<JobId> jobs_known_;
  std::map<JobId, PaceView> paces_;
  Orders orders_;
  std::optional<Refusal> refusal_;
};

class Scenario {
 public:
  explicit Scenario(QueueSettings settings = {});
  ~Scenario();
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  // Joins with one slot when it is first named, unless it is `stranger`.
  ScriptedAgent& agent(const std::string& name);
  ScriptedAgent& stranger(const std::string& name);
  ScriptedAgent& another_process_of(const std::string& name);  // a stranger with the same name and key

  // ---- a client
  JobId submits(Range range, Fold fold = Fold::sum);
  JobId submits(const JobSpec& spec);
  HeadToClient asks(const ClientToHead& question);  // what is answered in the same turn
  JobReport job(JobId id);
  JobReport steers(JobId id, Steering what);
  Refusal is_refused(const ClientToHead& question);
  void waits(RequestNumber number, const Wait& wait, PeerId peer = {});  // {}: the client's own connection
  std::optional<HeadToClient> answer_to(RequestNumber number, PeerId peer = {});

  // ---- time; agents that are not silent beat regularly meanwhile
  void passes(Duration duration);
  Now now() const { return now_; }

  // ---- the head
  void restarts_head() { restores_head(stored_); }
  void restores_head(const Stored& backup);  // what was in flight is lost
  const Stored& stored() const { return stored_; }
  const Queue& queue() const { return *queue_; }
  std::string spans(JobId id) const { return shape(queue_->jobs().at(id).ledger.spans()); }
  const JobRow& row(JobId id) const { return queue_->jobs().at(id).row; }
  bool has_happened(Happening what) const { return happened_.contains(what); }
  std::size_t times(Happening what) const { return happened_.contains(what) ? happened_.at(what) : 0; }

 private:
  friend class ScriptedAgent;
  using Message = std::variant<HeadToAgent, Letter<HeadToClient>>;

  PeerId new_peer() { return {++last_peer_}; }
  template <class Said>
  void turn(const Sender& from, const Said& said);
  void settle(Effects& effects);
  void all_beat();
  void check_turn();
  void check_leases_are_new();
  std::deque<Message>& inbox(PeerId peer) { return inboxes_[peer]; }

  QueueSettings settings_;
  Now now_;
  Instant next_beats_;
  Stored stored_;
  std::optional<Queue> queue_;
  std::map<std::string, ScriptedAgent> agents_;
  std::map<PeerId, std::deque<Message>> inboxes_;
  std::uint64_t last_peer_ = 0;
  std::uint64_t last_epoch_ = 0;
  std::uint64_t last_incarnation_ = 0;
  RequestNumber last_request_ = 1'000'000;  // the numbers below are the tests' own
  PeerId client_;
  std::map<Happening, std::size_t> happened_;
  std::set<LeaseId> leases_ever_;
  std::set<LeaseId> leases_live_;
  std::map<JobId, std::uint64_t> done_;
};

}  // namespace pq
