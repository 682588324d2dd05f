// What HTTP shows of the queue: immutable pictures, each of one moment right after a commit. A reader is
// shown one that was taken after it asked, so it sees all that was acknowledged before: it rings for the
// turn, which takes one for all who wait. A head that nobody looks at pays for one flag a turn; one that many
// look at, for so few pictures that they are a small part of its time (limits::snapshot_pause_factor), and
// readers wait.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "common/instant.h"
#include "common/messages.h"
#include "common/os/clock.h"
#include "daemon/core/ledger_picture.h"
#include "daemon/core/throughput.h"
#include "daemon/http/bell.h"
#include "daemon/http/kept_events.h"
#include "daemon/http/rendered_pages.h"
#include "daemon/measures.h"

namespace pq {

// One job, looked at closely.
struct JobDetail {
  LedgerPicture ledger;
  Explanation explanation;
  std::vector<Sample> throughput;
  std::vector<FailedSpan> failed_spans;
  // What runs that failed have printed, the latest limits::failed_logs_shown.
  std::vector<LogEntry> failed_logs = {};
  bool more_failed_logs = false;  // there are older ones
};

struct Snapshot {
  Instant taken_at;
  JobsReport jobs;
  AgentsReport agents;
  UnixMs unix_ms = 0;  // the same moment for people
  KeptEvents events = {};
  std::vector<Sample> throughput = {};  // of the whole fleet
  // Of those that were asked for; nullopt: there is no such job.
  std::map<JobId, std::optional<JobDetail>> details = {};
  HeadFigures head = {};
  RenderedPages pages = {};
};

class Snapshots {
 public:
  explicit Snapshots(const Clock& clock) : clock_(clock) {}

  // ---- readers, on any thread
  // With the detail of `job`, if one is named. nullptr: the turn has taken none in limits::snapshot_patience,
  // or never will again, or too many jobs are looked at.
  std::shared_ptr<const Snapshot> fresh(std::optional<JobId> job = std::nullopt);

  // ---- the turn; no reader holds it up
  bool are_wanted() const { return wanted_.is_ringing(); }
  int wanted_fd() const { return wanted_.fd(); }
  // The jobs whose details readers wait for. They are to be in the next one.
  std::set<JobId> take_details_wanted();
  void publish(Snapshot snapshot);

  // Readers that wait go away with nothing, now and later.
  void close();

 private:
  const Clock& clock_;
  std::mutex mutex_;  // held for moments only; guards all below
  std::condition_variable published_;
  std::shared_ptr<const Snapshot> latest_;
  Instant asked_at_;                // by the last reader that rang
  std::set<JobId> details_wanted_;  // not yet taken by the turn
  Instant next_at_;                 // no reader rings before
  Bell wanted_;
  bool closed_ = false;
};

}  // namespace pq
