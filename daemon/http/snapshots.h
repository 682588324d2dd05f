// What HTTP shows of the queue: immutable pictures, each of one moment right after a commit. A reader is
// shown one that was taken after it asked, so it sees all that was acknowledged before: it rings for the
// turn, which takes one for all who wait. A head that nobody looks at pays for one flag a turn; one that many
// look at, for so few pictures that they are a small part of its time (limits::snapshot_pause_factor), and
// readers wait.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "common/instant.h"
#include "common/messages.h"
#include "common/os/clock.h"
#include "daemon/http/bell.h"

namespace pq {

struct Snapshot {
  Instant taken_at;
  JobsReport jobs;
  AgentsReport agents;
};

class Snapshots {
 public:
  explicit Snapshots(const Clock& clock) : clock_(clock) {}

  // ---- readers, on any thread
  // nullptr: the turn has taken none in limits::snapshot_patience, or never will again.
  std::shared_ptr<const Snapshot> fresh();

  // ---- the turn; no reader holds it up
  bool are_wanted() const { return wanted_.is_ringing(); }
  int wanted_fd() const { return wanted_.fd(); }
  void publish(Snapshot snapshot);

  // Readers that wait go away with nothing, now and later.
  void close();

 private:
  const Clock& clock_;
  std::mutex mutex_;  // held for moments only; guards all below
  std::condition_variable published_;
  std::shared_ptr<const Snapshot> latest_;
  Instant asked_at_;  // by the last reader that rang
  Instant next_at_;   // no reader rings before
  Bell wanted_;
  bool closed_ = false;
};

}  // namespace pq
