// Where the queue is stored. SqliteStore is the real one; tests have one in memory that can crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/errors.h"
#include "common/values/ids.h"
#include "daemon/core/rows.h"

namespace pq::store {

// Durable and complete, or why it failed.
using BackupEnd = tl::expected<BackedUp, Refusal>;

// How much disk space the queue uses, and how much is free.
struct StoreSizes {
  std::uint64_t bytes = 0;         // of the file
  std::uint64_t used_bytes = 0;    // of the database, with what the log will write into it
  std::uint64_t unused_bytes = 0;  // of its pages that are free for what comes
  bool has_slack = false;          // so many that some can go back to the disk
  std::uint64_t log_bytes = 0;     // the write-ahead log, which may not be in the file yet
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Reads everything that was committed. Call once, at the start.
  virtual Stored load() = 0;

  // Stores the epoch of this run durably. Call before the head answers anybody.
  virtual void begin_epoch(Epoch epoch) = 0;

  // Commits all of `changes` or nothing; durable when it returns. Throws EnvironmentError with
  // ExitStatus::storage_failed if the outcome is unknown: then the process must end, and read the truth from
  // the file.
  virtual void commit(const Changes& changes) = 0;

  // One job as it is stored, for pq-verify: with the agents that hold its leases, its provenance and its
  // collected output. Nothing if there is none.
  virtual std::optional<Stored> read_job(JobId job) = 0;

  // The provenance of a job: at most `count_max` parts from `begin` on, and all its workers. Empty if there
  // is no such job.
  virtual Provenance read_provenance(JobId job, std::uint64_t begin, std::size_t count_max) = 0;

  // A piece of a file from `offset` on; empty: there is no such file, or nothing after that.
  virtual std::string read_file(const Sha256& hash, std::uint64_t offset) = 0;

  // The stored logs of a job's programs.
  virtual std::vector<LogEntry> read_logs(const AskLogs& ask, std::size_t count_max) = 0;
  // The last `count_max` parts of failed runs, in order.
  virtual std::vector<LogEntry> read_last_failed_logs(JobId job, std::size_t count_max) = 0;
  // Includes runs that are not committed: the ledger knows which ones are.
  virtual std::vector<OutputEntry> read_outputs(const AskOutput& ask, std::size_t count_max) = 0;

  // Nothing: it is on no disk, or the disk does not say.
  virtual std::optional<StoreSizes> sizes() { return std::nullopt; }

  // Gives some pages that are free back to the disk. REQUIRES: sizes() had slack in this turn. Throws as
  // commit() does.
  virtual void give_back_pages() {}

  // Throws EnvironmentError with ExitStatus::storage_failed if what is stored is no longer where the next
  // start looks for it. The process must end: what it would store from now on is lost.
  virtual void expect_in_place() {}

  // Begins a copy of everything under this name. There is one at a time. A refusal: the name is taken.
  virtual std::optional<Refusal> begin_backup(const std::string& name) = 0;

  // Copies a few more pages. Nothing until the copy has ended. It holds everything that was committed before
  // its last step. A copy that fails leaves nothing behind and does not touch the queue.
  virtual std::optional<BackupEnd> continue_backup() = 0;

  // The names of the backups that are there and whole.
  virtual std::vector<std::string> backups() const { return {}; }
  // False: it could not be removed.
  virtual bool remove_backup(const std::string& /*name*/) { return false; }
};

}  // namespace pq::store
