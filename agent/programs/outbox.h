// Output of programs on its way to the head: one message at a time, repeated until the head has stored it.
// Slots add pieces; the loop takes messages. Bounded: log pieces without room are dropped and counted.
// Session bounds collected runs, because it begins no more of them.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/programs/log_queue.h"
#include "agent/step.h"
#include "common/os/wake_up.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"

namespace pq::programs {

// How much of a lease's output is stored.
struct StoredOutput {
  LeaseId lease;
  std::uint64_t upto = 0;
  friend bool operator==(const StoredOutput&, const StoredOutput&) = default;
};

class Outbox {
 public:
  Outbox(std::string name, Incarnation incarnation);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // ---- from any thread
  void log(const RunName& run, Stream stream, std::string_view text, Instant now);
  // The last entry of a failed run: why it failed.
  void log_failure(const RunName& run, std::string_view words, Instant now);

  // ---- from the loop
  void collect(const Step& step, const std::vector<CollectedRun>& runs, Instant now);

  // A message that is due, if any; it counts as sent.
  std::optional<Output> next_message(Instant now);
  // Complete runs whose output this answer confirms as stored, in order.
  std::vector<StoredOutput> hear(const OutputStored& stored, Instant now);
  // Messages under way are lost.
  void reach_head(Instant now);
  // A step is over: its output must reach the head before its values.
  void flush(Instant now);
  // The same from now on, because the agent ends.
  void hurry(Instant now);
  // The agent has another name, and no leases any more.
  void begin_anew(const std::string& name, Incarnation incarnation);

  bool is_empty() const;
  Instant next_deadline() const;

  // Readable after something was added to an empty outbox, until the next call of next_message.
  int fd() const { return came_.fd(); }

 private:
  void ring_for_logs(Instant now);
  void ring(Instant due);
  void fill(Output& message);

  std::string name_;  // these two are the loop's alone
  Incarnation incarnation_;
  WakeUp came_;

  mutable std::mutex mutex_;  // of all below
  LogQueue logs_;
  std::deque<OutputPart> outputs_;
  Instant due_ = Instant::never();  // for the pieces that wait
  std::uint64_t seq_ = 0;
  std::optional<Output> sent_;  // not answered yet
  std::vector<StoredOutput> sent_runs_;
  Instant again_;  // when it is sent again
  bool is_hurried_ = false;
};

}  // namespace pq::programs
