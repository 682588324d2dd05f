// Where the queue is kept. The real one is SqliteStore; tests have one in memory that can crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "common/errors.h"
#include "common/ids.h"
#include "common/messages.h"
#include "daemon/core/rows.h"

namespace pq {

// Durable and whole, or what it failed of.
using BackupEnd = tl::expected<BackedUp, Refusal>;

// What the queue takes on its disk, and what the disk has left.
struct StoreSizes {
  std::uint64_t bytes = 0;
  std::uint64_t log_bytes = 0;  // of what was committed last, and may not be in the file itself yet
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Everything that was committed. Once, at the start.
  virtual Stored load() = 0;

  // Durably notes the epoch of this run. Before the head answers anybody.
  virtual void begin_epoch(Epoch epoch) = 0;

  // All of `changes` or nothing, durable when it returns. Throws EnvironmentError with
  // ExitStatus::storage_failed when the outcome is unknown: the process must end and read the truth from the
  // file.
  virtual void commit(const Changes& changes) = 0;

  // One job as it is stored, not as the queue remembers it, with the agents that hold its leases: what
  // pq-verify looks at. Nothing if there is none.
  virtual std::optional<Stored> read_job(JobId job) = 0;

  // Some of a file from `offset` on; empty: there is none, or nothing after it.
  virtual std::string read_file(const Sha256& hash, std::uint64_t offset) = 0;

  // What programs of a job printed, as committed.
  virtual std::vector<LogEntry> read_logs(const AskLogs& ask, std::size_t count_max) = 0;
  // The last `count_max` parts of runs that failed, in order.
  virtual std::vector<LogEntry> read_last_failed_logs(JobId job, std::size_t count_max) = 0;
  // Also of runs that are not committed: the ledger knows which are.
  virtual std::vector<OutputEntry> read_outputs(const AskOutput& ask, std::size_t count_max) = 0;

  // Nothing: it is on no disk, or that does not tell.
  virtual std::optional<StoreSizes> sizes() const { return std::nullopt; }

  // Begins a copy of everything under this name. One at a time. A refusal: the name is taken.
  virtual std::optional<Refusal> begin_backup(const std::string& name) = 0;

  // Takes the copy a few pages further: nothing while there are more, then its end. It has all that was
  // committed before its last step. A copy that fails leaves nothing behind and does not touch the queue.
  virtual std::optional<BackupEnd> continue_backup() = 0;
};

}  // namespace pq
