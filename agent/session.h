// The agent's side of the conversation: what it sends to the head and when. What it works on is its
// Workload's. Pure: messages, results and time go in; steps and messages come out. These rules keep totals
// right. The agent only ever lowers the end of a lease, never below the step that it is computing. It repeats
// all it has committed until the head no longer lists the lease. It drops what the head does not list. The
// head stores collected output before the agent commits the runs that printed it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/beat_clock.h"
#include "agent/leaving.h"
#include "agent/patience.h"
#include "agent/step.h"
#include "agent/workload.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::agent {

struct SessionSettings {
  Hello introduction;                                // name, incarnation, slots, kernels, labels
  Duration head_timeout = std::chrono::minutes(10);  // without a message from the head
  std::optional<Duration> idle_exit;                 // without a lease, while the head is heard
  bool has_express = false;                          // the places of express_place() beside its slots
};

class Session {
 public:
  Session(const SessionSettings& settings, Instant now);

  void hear(const HeadToAgent& message, Instant now);
  void finish(const StepResult& result) { work_.finish(result, !leaving_.is_draining()); }

  // Its leases, jobs and slots.
  Workload& work() { return work_; }
  const Workload& work() const { return work_; }

  // Programs have printed something that the head has not stored yet. The goodbye waits for that, as for the
  // head's last answer.
  void owe_output(bool owes) { leaving_.owe_output(owes); }

  // The head can be reached (again): pending messages are sent at once.
  void reach_head(Instant now) { beats_.call(now); }

  // Gives back what is not begun, finishes the present steps, says goodbye. Steps that still run at
  // `steps_until` are given back then; of several such times the earliest holds.
  void drain(Instant now, Ending why = Ending::drained, Instant steps_until = Instant::never());
  // The same without waiting for the present steps: they are given back too.
  void drain_at_once(Instant now);

  // Another agent has its name, so it continues under this one. All its leases are lost.
  void begin_anew(const std::string& name, Incarnation incarnation, Instant now);

  // The machine's cloud has this notice now. An interruption is a drain that ends some seconds before `ends`,
  // and is undone if it is withdrawn before. A recommendation to rebalance stops new work.
  void heed(const std::optional<Notice>& notice, std::optional<Instant> ends, Instant now);
  void count_notice_errors(std::uint64_t count) { notice_errors_ += count; }

  // What time alone has caused.
  void settle(Instant now);

  // A message that is due now, if any; it counts as sent, and is repeated later if it was not.
  std::optional<AgentToHead> next_message(Instant now);

  Instant next_deadline() const;

  // Set once nothing is left to do.
  std::optional<Ending> ending() const { return leaving_.ending(); }
  const std::string& ending_detail() const { return leaving_.detail(); }

  // When the head was last heard, or when the session began. Time in which this process was stopped is added.
  Instant heard_at() const { return patience_.heard_at(); }
  Duration beat_interval() const { return beats_.interval(); }
  bool is_introduced() const { return is_introduced_; }
  bool is_draining() const { return leaving_.is_draining(); }
  // The head has no space for what programs print.
  bool holds_output() const { return holds_output_; }

 private:
  void hear_one(const Orders& orders, Instant now);
  void hear_one(const Welcome& welcome, Instant now);
  void hear_one(const Refusal& refusal, Instant now);
  void hear_one(const OutputStored&, Instant) {}  // these two do not concern the session
  void hear_one(const FilePart&, Instant) {}
  void settle_drain(Instant now);
  // It takes no new leases.
  bool holds_off() const;
  Instant idle_ends() const;
  Beat make_beat(Instant now);

  Hello introduction_;
  Workload work_;
  BeatClock beats_;
  Patience patience_;
  Leaving leaving_;
  bool is_introduced_ = false;
  Epoch epoch_;  // of the last Orders that were seen, with their number
  std::uint64_t orders_seen_ = 0;
  bool holds_output_ = false;     // as these said
  std::optional<Notice> notice_;  // in force now
  std::uint64_t notice_errors_ = 0;
};

}  // namespace pq::agent
