// What programs print, on its way to the head: one message at a time, again until it is stored. Slots put
// pieces in; the loop takes messages out. Bounded: log pieces that find no room are left out and counted.
// Collected runs are bounded by Session, which begins no more of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/step.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/messages.h"

namespace pq {

// Which run of which program.
struct RunName {
  JobId job;
  LeaseId lease;
  Range run;
  std::uint32_t attempt = 1;
  friend bool operator==(const RunName&, const RunName&) = default;
};

// What of a lease's output is stored.
struct StoredOutput {
  LeaseId lease;
  std::uint64_t upto = 0;
  friend bool operator==(const StoredOutput&, const StoredOutput&) = default;
};

class Outbox {
 public:
  Outbox(std::string name, Incarnation incarnation);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // ---- from any thread
  void log(const RunName& run, Stream stream, std::string_view text, Instant now);
  // The last that is heard of a run that failed: why.
  void log_failure(const RunName& run, std::string_view words, Instant now);

  // ---- from the loop
  void collect(const Step& step, const std::vector<CollectedRun>& runs, Instant now);

  // A message that is due, if any; it is taken as sent.
  std::optional<Output> next_message(Instant now);
  // Whole runs whose output is stored by this answer, in order.
  std::vector<StoredOutput> hear(const OutputStored& stored, Instant now);
  // What was on its way is lost.
  void reach_head(Instant now);
  // A step is over: what its programs wrote is at the head before what they computed.
  void flush(Instant now);
  // The same from now on: the agent ends.
  void hurry(Instant now);

  bool is_empty() const;
  Instant next_deadline() const;

  // Readable when something was put in while it was empty, until the next call of next_message.
  int fd() const { return fd_; }

 private:
  struct Piece {
    LogPart part;
    bool is_open = true;  // more of the same run and stream may be added
  };
  void add(const RunName& run, Stream stream, std::string_view text, Instant now);
  void tell_of_loss(const RunName& run, Instant now);
  void ring(Instant due);
  void fill(Output& message);

  const std::string name_;
  const Incarnation incarnation_;
  int fd_;

  mutable std::mutex mutex_;  // of all below
  std::deque<Piece> logs_;
  std::size_t log_bytes_ = 0;
  std::uint64_t lost_bytes_ = 0;  // of logs, since there was room
  std::deque<OutputPart> outputs_;
  Instant due_ = Instant::never();  // of what waits
  std::uint64_t seq_ = 0;
  std::optional<Output> sent_;  // not answered yet
  std::vector<StoredOutput> sent_runs_;
  Instant again_;  // when it is sent again
  bool is_hurried_ = false;
};

}  // namespace pq
