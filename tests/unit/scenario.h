// A head's queue among agents and a client, in the domain's words. Only handle and settle drive the queue,
// over virtual time. After every turn all invariants must hold, and the rows written so far must equal the
// queue's memory. At the end no message may be left unread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/protocol/messages.h"
#include "daemon/core/queue.h"
#include "daemon/core/rows.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"
#include "tests/unit/scripted_agent.h"

namespace pq::tests {

inline constexpr Range thousand{0, 1000};

// "done 0:300 = 62, leased 300:500 at 400 = 7, free 500:1000": spans without their holders, for expectations.
std::string shape(const std::map<std::uint64_t, Span>& spans);

// One run over ten integers, whose output is collected.
JobSpec collecting();

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

  // Call this if the test does not look at everything that is sent or granted.
  void ends_amid_work() { ends_amid_work_ = true; }

  // The test stores counts of bytes without any output.
  void makes_up_output() { output_is_made_up_ = true; }

  // ---- a client
  // Its key has this name from now on; at first it has none.
  void client_is(const std::string& name) { client_name_ = name; }
  JobId submits(Range range, Fold fold = Fold::sum);
  JobId submits(const JobSpec& spec);
  // What is answered in the same turn.
  HeadToClient asks(const ClientToHead& question, Role role = Role::operator_);
  JobReport job(JobId id);
  JobReport steers(JobId id, Steering what);
  Refusal is_refused(const ClientToHead& question);
  HeadToClient recomputes(const Recompute& ask);
  // {}: over the client's own connection.
  void waits(RequestNumber number, const Wait& wait, PeerId peer = {}, Role role = Role::operator_);
  std::optional<HeadToClient> answer_to(RequestNumber number, PeerId peer = {});

  // ---- time; agents that are not silent beat regularly meanwhile
  void passes(Duration duration);
  // The head makes no turn for this long: a stopped process, a slow disk.
  void stands_still(Duration duration);
  // The same, but its first turn after that is the one with the next message.
  void stands_still_until_it_hears(Duration duration);
  void wall_clock_jumps(Duration by) {
    now_.unix_ms += std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
  }
  Now now() const { return now_; }

  // ---- the head
  void revokes_key_of(const ScriptedAgent& agent);
  void disk_is(const Space& space);
  void database_is(std::uint64_t bytes) {  // on a large disk
    constexpr std::uint64_t tebibyte = std::uint64_t{1} << 40;
    disk_is({.disk_bytes = tebibyte, .free_bytes = tebibyte, .used_bytes = bytes});
  }
  void restarts_head() { restores_head(Model(model_)); }
  void restores_head(Model backup);  // what was in flight is lost
  const Stored& stored() const { return model_.rows; }
  const Model& model() const { return model_; }
  std::vector<LogRow> logs() const;          // of all jobs, by their numbers
  std::vector<std::string> outputs() const;  // collected, in the order of the range
  const Queue& queue() const { return *queue_; }
  // "a 0:300 = 62, a+b 300:500 = 7, ? 500:600": who has computed what, as it is stored.
  std::string parts(JobId id) const;
  std::string spans(JobId id) const { return shape(queue_->jobs().at(id).ledger.spans()); }
  const JobRow& row(JobId id) const { return queue_->jobs().at(id).row; }
  bool has_happened(Happening what) const { return happened_.contains(what); }
  std::size_t times(Happening what) const { return happened_.contains(what) ? happened_.at(what) : 0; }

 private:
  friend class ScriptedAgent;
  using Message = std::variant<HeadToAgent, Letter<HeadToClient>>;

  PeerId new_peer() { return {++last_peer_}; }
  void turn(const Sender& from, const AgentToHead& said);
  void turn(const Sender& from, const Letter<ClientToHead>& asked);
  void settle(Effects& effects);
  void all_beat();
  void check_turn();
  void check_provenance();
  void check_leases_are_new();
  std::deque<Message>& inbox(PeerId peer) { return inboxes_[peer]; }

  QueueSettings settings_;
  bool ends_amid_work_ = false;
  bool output_is_made_up_ = false;
  Now now_;
  Instant next_beats_;
  Model model_;  // what is stored
  std::optional<Queue> queue_;
  std::map<std::string, ScriptedAgent> agents_;
  std::map<PeerId, std::deque<Message>> inboxes_;
  std::uint64_t last_peer_ = 0;
  std::uint64_t last_epoch_ = 0;
  std::uint64_t last_incarnation_ = 0;
  RequestNumber last_request_ = 1'000'000;  // the numbers below are the tests' own
  PeerId client_;
  std::string client_name_;
  std::map<Happening, std::size_t> happened_;
  std::set<LeaseId> leases_ever_;
  std::set<LeaseId> leases_live_;
  std::map<JobId, std::uint64_t> done_;
};

// Agent "a" holds a lease over a whole job, and agent "b" has nothing to do.
struct TwoAgents : Scenario {
  JobId id;
  Taken lease;
  ScriptedAgent* a = nullptr;
  ScriptedAgent* b = nullptr;

  explicit TwoAgents(Range range = {0, 1000});

  // Both report how long an integer takes them.
  void measure(double a_s, double b_s);
};

}  // namespace pq::tests
