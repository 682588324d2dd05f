// The queue on disk: one SQLite database in the state directory, one connection to it, and nobody else's. The
// one surprising rule: after a commit that failed, nobody knows what the file holds. The store then leaves
// the file and its log untouched, even when it closes; the next start reads the truth from them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/os/paths.h"
#include "daemon/database_copy.h"
#include "daemon/sqlite.h"
#include "daemon/state_dir.h"
#include "daemon/store.h"

namespace pq {

class SqliteStore final : public Store {
 public:
  // Claims the state directory, creates what is missing, brings an older database to today's version. Throws
  // EnvironmentError (ExitStatus::failed) if the directory or the file cannot be used; a refused file stays
  // as it is.
  explicit SqliteStore(const StatePaths& paths);

  Stored load() override;
  void begin_epoch(Epoch epoch) override;
  void commit(const Changes& changes) override;

  std::optional<Stored> read_job(JobId job) override;
  std::string read_file(const Sha256& hash, std::uint64_t offset) override;
  std::vector<LogEntry> read_logs(const AskLogs& ask, std::size_t count_max) override;
  std::vector<LogEntry> read_last_failed_logs(JobId job, std::size_t count_max) override;
  std::vector<OutputEntry> read_outputs(const AskOutput& ask, std::size_t count_max) override;

  std::optional<StoreSizes> sizes() const override;

  // Into STATE_DIR/backups/NAME.db.
  std::optional<Refusal> begin_backup(const std::string& name) override;
  std::optional<BackupEnd> continue_backup() override;

 private:
  // The start failed, or what is stored makes no sense: nothing more is written, not even at the end.
  [[noreturn]] void give_up(const SqliteError& error);

  // Nothing in place of a row: it is no more.
  void write(JobId id, const std::optional<JobRow>& job);
  void write(const SpanKey& key, const std::optional<Span>& span);
  void write(AgentId id, const std::optional<AgentRow>& agent);
  void write_files(const Changes& changes);
  void write_prints(const Changes& changes);
  void write_events(const Changes& changes);

  std::filesystem::path path_;
  std::filesystem::path backups_;
  StateDirClaim claim_;  // outlives the connection
  Database database_;    // outlives its statements
  Statement put_job_;
  Statement erase_job_;
  Statement put_span_;
  Statement erase_span_;
  Statement erase_spans_of_job_;
  Statement put_agent_;
  Statement erase_agent_;
  Statement put_label_;
  Statement erase_labels_of_agent_;
  Statement put_program_;
  Statement erase_program_;
  Statement put_file_;
  Statement erase_file_;
  Statement put_file_part_;
  Statement erase_file_parts_;
  Statement put_outputs_seen_;
  Statement erase_outputs_seen_;
  Statement put_log_;
  Statement erase_logs_;
  Statement put_output_;
  Statement erase_outputs_;
  Statement erase_outputs_of_job_;
  Statement put_event_;
  Statement erase_event_;
  std::optional<DatabaseCopy> backup_;  // under way
  bool outcome_is_unknown_ = false;     // of the last commit
};

}  // namespace pq
