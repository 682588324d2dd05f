// The queue on disk: one SQLite database in the state directory, with one connection to it. One rule is
// surprising: after a failed commit nobody knows what the file holds. So the store leaves the file and its
// log untouched, even when it closes, and the next start reads the truth from them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/os/paths.h"
#include "daemon/store/change_tables.h"
#include "daemon/store/database_copy.h"
#include "daemon/store/database_files.h"
#include "daemon/store/provenance_table.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/state_dir.h"
#include "daemon/store/store.h"

namespace pq::store {

class SqliteStore final : public Store {
 public:
  // Claims the state directory, creates what is missing, and migrates an older database to today's version.
  // Throws EnvironmentError (ExitStatus::failed) if the directory or the file cannot be used; a refused file
  // stays as it is.
  explicit SqliteStore(const StatePaths& paths);

  Stored load() override;
  void begin_epoch(Epoch epoch) override;
  void commit(const Changes& changes) override;

  std::optional<Stored> read_job(JobId job) override;
  Provenance read_provenance(JobId job, std::uint64_t begin, std::size_t count_max) override;
  std::string read_file(const Sha256& hash, std::uint64_t offset) override;
  std::vector<LogEntry> read_logs(const AskLogs& ask, std::size_t count_max) override;
  std::vector<LogEntry> read_last_failed_logs(JobId job, std::size_t count_max) override;
  std::vector<OutputEntry> read_outputs(const AskOutput& ask, std::size_t count_max) override;

  std::optional<StoreSizes> sizes() override;
  void give_back_pages() override;
  void expect_in_place() override;

  // Into STATE_DIR/backups/NAME.db.
  std::optional<Refusal> begin_backup(const std::string& name) override;
  std::optional<BackupEnd> continue_backup() override;
  std::vector<std::string> backups() const override;
  bool remove_backup(const std::string& name) override;

 private:
  // The start failed, or the stored data is inconsistent: nothing more is written, not even at the end.
  [[noreturn]] void give_up(const SqliteError& error);
  // A commit failed. Whether it is stored is unknown.
  [[noreturn]] void fail(const SqliteError& error);
  // Moves what the log holds into the database, if that can be done.
  bool saves_log() noexcept;

  DatabaseFiles on_disk_;
  std::filesystem::path backups_;
  StateDirClaim claim_;  // outlives the connection
  Database database_;    // outlives its statements
  JobTables jobs_;
  AgentTables agents_;
  FileTables files_;
  PrintTables prints_;
  EventTable events_;
  ProvenanceTables provenance_;
  std::optional<DatabaseCopy> backup_;  // under way
  bool outcome_is_unknown_ = false;     // of the last commit
};

}  // namespace pq::store
