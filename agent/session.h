// An agent's side of the conversation: what it holds, what its slots do next, what it tells the head and
// when. Pure: messages, results and time go in; steps and messages come out. The rules that keep totals right
// on this side: it only ever lowers the end of a lease, never below the step that it is computing; it repeats
// all it has committed until the head no longer lists the lease; it drops what the head does not list; what a
// job collects is stored at the head before the runs that printed it are committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pace.h"
#include "agent/step.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/limits.h"
#include "common/messages.h"

namespace pq {

struct SessionSettings {
  Hello introduction;                                // name, incarnation, slots, kernels, labels
  Duration head_timeout = std::chrono::minutes(10);  // without a word from the head
  std::optional<Duration> idle_exit;                 // without a lease
};

// interrupted: drained, because its cloud ends the machine
enum class Ending { drained, idle, interrupted, head_lost, replaced, refused };

class Session {
 public:
  Session(SessionSettings settings, Instant now);

  void hear(const HeadToAgent& message, Instant now);
  void finish(const StepResult& result, Instant now);

  // The head has stored what was collected of this lease before `upto`.
  void output_is_stored(LeaseId lease, std::uint64_t upto);
  // Programs have printed what the head has not stored yet: the goodbye waits for that, as for the head's
  // last word.
  void owe_output(bool owes) { owes_output_ = owes; }

  // Jobs that it holds leases of and whose files are not known to be here. A job without files never is one.
  std::vector<std::shared_ptr<const JobOrder>> unready_jobs() const;
  // Their files are here.
  void set_ready(JobId job);
  // They cannot be had: what is held of it fails, and the next lease of it asks for them again.
  void set_unready(JobId job, const std::string& error);

  // Every job that it knows, whether it holds a lease of it or not.
  std::vector<std::shared_ptr<const JobOrder>> jobs() const;

  // The head can be reached (again): what there is to say is said at once.
  void reach_head(Instant now) { next_word_ = now; }

  // Gives back what is not begun, finishes the present steps, says goodbye. Steps that run at `steps_until`
  // are given back then; the earliest one that was given holds.
  void drain(Instant now, Ending why = Ending::drained, Instant steps_until = Instant::never());
  // The same without waiting for the present steps: they are given back too.
  void drain_at_once(Instant now);

  // What the machine's cloud says at present. An interruption is a drain that is over some seconds before
  // `ends`, and is undone if it is taken back before that; a recommendation to rebalance holds new work off.
  void heed(const std::optional<Notice>& notice, std::optional<Instant> ends, Instant now);
  void count_notice_errors(std::uint64_t count) { notice_errors_ += count; }

  // What time alone has caused.
  void settle(Instant now);

  // Steps for idle slots; each is taken as begun.
  std::vector<Step> next_steps();

  // The (first) slots whose step has become of no use, each told once. They are busy until it is finished.
  std::vector<std::uint32_t> next_abandoned();

  // A message that is due now, if any; it is taken as sent, and repeated later if it was not.
  std::optional<AgentToHead> next_message(Instant now);

  Instant next_deadline() const;

  // Set once there is nothing left to do.
  std::optional<Ending> ending() const { return ending_; }
  const std::string& ending_detail() const { return ending_detail_; }

  // When the head was last heard, later by what time this process has been stopped since; until then, when
  // the session began.
  Instant heard_at() const { return heard_at_; }
  Duration beat_interval() const { return beat_interval_; }
  bool is_introduced() const { return introduced_; }
  bool is_draining() const { return draining_.has_value(); }
  std::size_t leases() const { return held_.size(); }
  std::size_t slots_busy() const;

 private:
  struct FailedPart {
    std::uint64_t upto = 0;
    std::string error;
  };

  // The end of what is computed, while its output is on its way to the head.
  struct Untold {
    std::uint64_t told_upto = 0;  // what came before it, and its value: all that can be told yet
    std::optional<Value> told_value;
    std::uint64_t upto = 0;
    std::size_t bytes = 0;
  };

  // One lease: [begin, upto) is computed and has `value`; the step, if one runs, begins at upto.
  struct Held {
    JobId job;
    std::uint32_t attempt = 1;
    std::uint64_t begin = 0;
    std::uint64_t upto = 0;
    std::uint64_t end = 0;  // declared; only ever lowered
    std::optional<Value> value;
    std::optional<std::uint64_t> step_end;
    std::optional<FailedPart> failed;
    std::deque<Untold> untold;

    bool wants_slot() const { return !step_end && !failed && upto < end; }
    bool is_over() const { return untold.empty() && (failed || upto == end); }
    std::uint64_t told_upto() const { return untold.empty() ? upto : untold.front().told_upto; }
    const std::optional<Value>& told_value() const {
      return untold.empty() ? value : untold.front().told_value;
    }
  };

  // What a slot computes, and the slots that are busy with it.
  struct Running {
    LeaseId lease;
    Range range;
    std::vector<std::uint32_t> slots;
  };

  // A job that was met here: what it is, and what a step of it costs.
  struct Met {
    explicit Met(const JobOrder& told);

    std::shared_ptr<const JobOrder> order;
    Pace pace;
    bool is_ready;  // its files are here
  };

  void hear_one(const Orders& orders, Instant now);
  void hear_one(const Welcome& welcome, Instant now);
  void hear_one(const Refusal& refusal, Instant now);
  void hear_one(const OutputStored&, Instant) {}  // what these two tell is not the session's business
  void hear_one(const FilePart&, Instant) {}
  void obey(const LeaseOrder& order, Instant now);
  bool take_new(const LeaseOrder& order);
  void meet(const JobOrder& order);
  void forget_jobs();
  void lower_end(Held& lease, std::uint64_t end);
  void free_slots(std::uint32_t first);
  void fold_in(Held& lease, const StepResult& result);
  bool keep_value(Held& lease, const StepResult& result);
  std::uint64_t next_step_end(const Met& job, const Held& lease) const;
  std::optional<std::vector<std::uint32_t>> take_slots(std::uint32_t count);
  bool may_print_more(const Met& job) const;
  bool holds_off() const { return draining_ || (notice_ && notice_->kind == NoticeKind::rebalance); }
  void abandon_step(LeaseId id, const Held& lease);
  void end(Ending why, std::string detail);
  Beat make_beat();

  SessionSettings settings_;
  std::vector<bool> slot_is_busy_;
  std::map<std::uint32_t, Running> running_;  // by the first of its slots
  std::vector<std::uint32_t> abandoned_;      // of those, not told yet
  std::map<LeaseId, Held> held_;
  std::map<JobId, Met> jobs_;  // all that it holds leases of, and the latest others

  bool introduced_ = false;
  Instant heard_at_;
  Instant held_at_;  // when it last held a lease
  Instant settled_at_;
  Epoch epoch_;
  std::uint64_t orders_seen_ = 0;
  std::uint64_t seq_ = 0;
  Duration beat_interval_ = limits::beat_interval;
  Instant next_word_;  // the next hello or beat; the first instant of all: now
  std::optional<Ending> draining_;
  bool goodbye_is_due_ = false;
  Instant steps_until_ = Instant::never();  // of a drain
  std::optional<Notice> notice_;            // in force now
  std::uint64_t notice_errors_ = 0;
  bool owes_output_ = false;
  std::optional<Instant> drain_ends_;
  std::optional<Ending> ending_;
  std::string ending_detail_;
};

}  // namespace pq
