// What HTTP shows of the queue: immutable pictures, each of one moment right after a commit. A reader that
// finds none younger than limits::snapshot_kept rings for the turn and waits for the next one. So a head that
// nobody looks at pays one flag a turn, one that many look at takes four pictures a second, and no reader is
// shown an old one, however long the head has slept.
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
  std::shared_ptr<const Snapshot> young() const;

  const Clock& clock_;
  std::mutex mutex_;  // held for moments only; guards all below
  std::condition_variable published_;
  std::shared_ptr<const Snapshot> latest_;
  Bell wanted_;
  bool closed_ = false;
};

}  // namespace pq
