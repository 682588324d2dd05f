// What HTTP shows of the queue: immutable snapshots, each of one moment right after a commit. A reader gets
// one that was taken after it asked, so it sees all that was acknowledged before. It wakes the turn, which
// takes one snapshot for all who wait. A head without readers pays for one flag a turn. With many readers
// snapshots take a small part of its time (limits::snapshot_pause_factor), and readers wait.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "common/os/clock.h"
#include "common/os/wake_up.h"
#include "common/protocol/messages.h"
#include "common/values/instant.h"
#include "daemon/core/telling/ledger_picture.h"
#include "daemon/core/telling/throughput.h"
#include "daemon/view/kept_events.h"
#include "daemon/view/limits.h"
#include "daemon/view/measures.h"
#include "daemon/view/rendered_pages.h"

namespace pq::view {

// One job, looked at closely.
struct JobDetail {
  JobReport job;  // with what has failed of it; the list may have no room for it
  LedgerPicture ledger;
  Explanation explanation;
  std::vector<Sample> throughput;
  ProvenancePage provenance = {};  // the first limits::parts_shown
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
  // With the details of `jobs`. nullptr: the turn has taken none in limits::snapshot_patience, or never will
  // again, or too many jobs are looked at.
  std::shared_ptr<const Snapshot> fresh(const std::set<JobId>& jobs = {}) {
    return fresh(jobs, clock_.now().instant);
  }
  // One that was taken at `asked_at` or later.
  std::shared_ptr<const Snapshot> fresh(const std::set<JobId>& jobs, Instant asked_at);

  // Somebody will ask for it: the next one has the detail of `job` if it has room for it. Returns the time.
  Instant expect(std::optional<JobId> job);
  // When the latest one was taken; Instant() if there is none.
  Instant taken_at();

  // ---- the turn; no reader holds it up
  bool are_wanted() const { return wanted_.is_set(); }
  int wanted_fd() const { return wanted_.fd(); }
  // The jobs whose details readers wait for. They are to be in the next one.
  std::set<JobId> take_details_wanted();
  void publish(Snapshot snapshot);

  // From now on there are no snapshots. Readers that wait get nullptr.
  void close();

 private:
  const Clock& clock_;
  std::mutex mutex_;  // held for moments only; guards all below
  std::condition_variable published_;
  std::shared_ptr<const Snapshot> latest_;
  Instant asked_at_;                  // by the last reader that set `wanted_`
  std::set<JobId> details_wanted_;    // not yet taken by the turn
  std::set<JobId> details_expected_;  // the same, but nobody waits for them yet
  Instant next_at_;                   // no reader wakes the turn before
  WakeUp wanted_;
  bool closed_ = false;
};

}  // namespace pq::view
