#include "daemon/sqlite_store.h"

#include <fmt/format.h>

#include <limits>
#include <system_error>

#include "common/check.h"
#include "daemon/migrations.h"
#include "daemon/sqlite_reading.h"
#include "daemon/sqlite_rows.h"

namespace pq {
namespace {

// What a person reads when the database cannot be opened or read.
EnvironmentError unusable(const std::filesystem::path& path, const SqliteError& error) {
  const auto say = [&](std::string_view what, std::string_view next) {
    return EnvironmentError(fmt::format("{} {}: {}; {}", path.string(), what, error.what(), next));
  };
  constexpr std::string_view restore =
      "it is left as it is: restore a backup of it, or move it away to start with an empty queue";
  switch (error.kind()) {
    case SqliteError::Kind::damaged:
      return say("is damaged", restore);
    case SqliteError::Kind::not_a_database:
      return say("is not a database of pq", restore);
    case SqliteError::Kind::busy:
      return say("is open in another program", "close that and start pqd again");
    case SqliteError::Kind::other:
      break;
  }
  return say("cannot be used", "check the disk, its free space and the permissions, then start pqd again");
}

// The settings of the connection, with what they are good for.
constexpr const char* settings_before_first_access =
    "PRAGMA locking_mode = EXCLUSIVE;"  // nobody else's; set this early, SQLite needs no shared memory file
    "PRAGMA trusted_schema = OFF;";
constexpr const char* settings =
    "PRAGMA synchronous = FULL;"    // NORMAL loses acknowledged commits when the power fails
    "PRAGMA secure_delete = OFF;"   // Debian's default overwrites deleted rows with zeros
    "PRAGMA temp_store = MEMORY;"   // no files elsewhere
    "PRAGMA cache_size = -32768;";  // KiB: the spans of a large fleet and the pages of one turn

Database open_database(const std::filesystem::path& path) {
  refuse_foreign_log(path);
  forget_cached(path.string() + "-wal");  // the last process may have ended because it could not be synced
  Database database(path);
  database.leave_files_on_close(true);  // until the file is known to be one that pq may write to
  database.execute(settings_before_first_access);
  refuse_unusable(database, path, migrations().size());
  const std::string mode = database.text("PRAGMA journal_mode = WAL");
  if (mode != "wal")
    throw SqliteError(SqliteError::Kind::other, "no write-ahead log but journal mode " + mode);
  database.execute(settings);
  migrate(database, path, migrations());
  database.leave_files_on_close(false);
  return database;
}

}  // namespace

SqliteStore::SqliteStore(const StatePaths& paths) try
    : path_(paths.database()),
      backups_(std::filesystem::absolute(paths.backups())),
      claim_(paths),
      database_(open_database(path_)),
      put_job_(database_, put_sql(jobs_table)),
      erase_job_(database_, erase_sql(jobs_table, 1)),
      put_span_(database_, put_sql(spans_table)),
      erase_span_(database_, erase_sql(spans_table, 2)),
      erase_spans_of_job_(database_, erase_sql(spans_table, 1)),
      put_agent_(database_, put_sql(agents_table)),
      erase_agent_(database_, erase_sql(agents_table, 1)),
      put_label_(database_, put_sql(agent_labels_table)),
      erase_labels_of_agent_(database_, erase_sql(agent_labels_table, 1)),
      put_program_(database_, put_sql(programs_table)),
      erase_program_(database_, erase_sql(programs_table, 1)),
      put_file_(database_, put_sql(files_table)),
      erase_file_(database_, erase_sql(files_table, 1)),
      put_file_part_(database_, put_sql(file_parts_table)),
      erase_file_parts_(database_, "DELETE FROM file_parts WHERE hash = ? AND part_begin >= ?"),
      put_outputs_seen_(database_, put_sql(outputs_seen_table)),
      erase_outputs_seen_(database_, erase_sql(outputs_seen_table, 1)),
      put_log_(database_, put_sql(logs_table)),
      erase_logs_(database_, "DELETE FROM logs WHERE job = ? AND number <= ?"),
      put_output_(database_, put_sql(outputs_table)),
      erase_outputs_(
          database_,
          "DELETE FROM outputs WHERE job = ? AND begin >= ? AND lease_epoch = ? AND lease_counter = ?"),
      erase_outputs_of_job_(database_, erase_sql(outputs_table, 1)),
      put_event_(database_, put_sql(events_table)),
      erase_event_(database_, erase_sql(events_table, 1)) {
  DatabaseCopy::remove_unfinished(backups_);
} catch (const SqliteError& error) {
  throw unusable(paths.database(), error);
}

Stored SqliteStore::load() try { return read_all(database_); } catch (const SqliteError& error) {
  give_up(error);
}

std::optional<Stored> SqliteStore::read_job(JobId job) try {
  return pq::read_job(database_, job);
} catch (const SqliteError& error) {
  give_up(error);
}

std::string SqliteStore::read_file(const Sha256& hash, std::uint64_t offset) try {
  return pq::read_file(database_, hash, offset);
} catch (const SqliteError& error) {
  give_up(error);
}

std::vector<LogEntry> SqliteStore::read_logs(const AskLogs& ask, std::size_t count_max) try {
  return pq::read_logs(database_, ask, count_max);
} catch (const SqliteError& error) {
  give_up(error);
}

std::vector<LogEntry> SqliteStore::read_last_failed_logs(JobId job, std::size_t count_max) try {
  return pq::read_last_failed_logs(database_, job, count_max);
} catch (const SqliteError& error) {
  give_up(error);
}

std::vector<OutputEntry> SqliteStore::read_outputs(const AskOutput& ask, std::size_t count_max) try {
  return pq::read_outputs(database_, ask, count_max);
} catch (const SqliteError& error) {
  give_up(error);
}

// Asks the file system, not SQLite: no statement, and it costs the turn a few microseconds.
std::optional<StoreSizes> SqliteStore::sizes() const {
  std::error_code error;
  StoreSizes sizes;
  sizes.bytes = std::filesystem::file_size(path_, error);
  if (error) return std::nullopt;
  const auto log_bytes = std::filesystem::file_size(path_.string() + "-wal", error);
  if (!error) sizes.log_bytes = log_bytes;  // else there is none
  const std::filesystem::space_info space = std::filesystem::space(path_, error);
  if (error) return std::nullopt;
  sizes.disk_bytes = space.capacity;
  sizes.disk_free_bytes = space.available;
  return sizes;
}

// An epoch that was drawn before is refused by the table's primary key.
void SqliteStore::begin_epoch(Epoch epoch) try {
  Statement(database_, "INSERT INTO epochs (epoch) VALUES (?)").run(epoch.value);
} catch (const SqliteError& error) {
  give_up(error);
}

void SqliteStore::give_up(const SqliteError& error) {
  database_.leave_files_on_close(true);
  throw unusable(path_, error);
}

void SqliteStore::commit(const Changes& changes) {
  check(!outcome_is_unknown_, "no commit follows one whose outcome is unknown");
  if (changes.is_empty()) return;
  try {
    Transaction transaction(database_);
    for (const auto& [id, agent] : changes.agents) write(id, agent);
    for (const auto& [key, span] : changes.spans) write(key, span);
    for (const auto& [id, program] : changes.programs) put(put_program_, id, program);
    write_files(changes);
    write_prints(changes);
    write_events(changes);
    for (const auto& [id, job] : changes.jobs) write(id, job);  // last: an erased job takes every span along
    transaction.commit();
  } catch (const SqliteError& error) {
    outcome_is_unknown_ = true;
    database_.leave_files_on_close(true);
    constexpr std::string_view text =
        "cannot commit to {}: {}; nothing that was acknowledged is lost, whether the last changes are stored "
        "is "
        "unknown: free space or check the disk, then start pqd again";
    throw EnvironmentError(fmt::format(text, path_.string(), error.what()), ExitStatus::storage_failed);
  }
}

// ---------------------------------------------------------------- backups

std::optional<Refusal> SqliteStore::begin_backup(const std::string& name) {
  check(!backup_, "one backup at a time");
  const std::filesystem::path file = backups_ / (name + ".db");
  std::error_code unknown;  // then it will be told when the file is made
  if (std::filesystem::exists(file, unknown)) return Refusal{ErrorWord::name_is_taken, file.string()};
  backup_.emplace(database_, file);
  return std::nullopt;
}

std::optional<BackupEnd> SqliteStore::continue_backup() {
  check(backup_.has_value(), "only a backup that was begun goes on");
  const auto is_whole = backup_->advance();
  if (is_whole && !*is_whole) return std::nullopt;
  const BackedUp backed_up{backup_->file().string(), backup_->bytes()};
  backup_.reset();
  if (!is_whole) return tl::unexpected(Refusal{ErrorWord::backup_failed, is_whole.error()});
  return backed_up;
}

// ---------------------------------------------------------------- rows

void SqliteStore::write(JobId id, const std::optional<JobRow>& job) {
  if (job) {
    put(put_job_, *job);
  } else {
    erase_job_.run(id.value);
    erase_spans_of_job_.run(id.value);
    erase_program_.run(id.value);
    erase_logs_.run(id.value, std::numeric_limits<std::int64_t>::max());
    erase_outputs_of_job_.run(id.value);
  }
}

void SqliteStore::write(const SpanKey& key, const std::optional<Span>& span) {
  if (span) {
    put(put_span_, key, *span);
  } else {
    erase_span_.run(key.job.value, key.begin);
  }
}

void SqliteStore::write(AgentId id, const std::optional<AgentRow>& agent) {
  erase_labels_of_agent_.run(id.value);
  if (!agent) {
    erase_agent_.run(id.value);
    erase_outputs_seen_.run(id.value);
    return;
  }
  put(put_agent_, *agent);
  for (std::size_t position = 0; position < agent->labels.size(); ++position) {
    put(put_label_, id, position, agent->labels[position]);
  }
}

// What is stored of a file beyond the parts of this turn is of a former try to send it.
void SqliteStore::write_files(const Changes& changes) {
  for (const auto& [hash, file] : changes.files) {
    const std::string key = to_text(hash);
    std::uint64_t kept = file ? file->upto : 0;
    for (const FilePartRow& part : changes.file_parts) kept -= part.hash == hash ? part.bytes.size() : 0;
    erase_file_parts_.run(key, kept);
    if (file) {
      put(put_file_, *file);
    } else {
      erase_file_.run(key);
    }
  }
  for (const FilePartRow& part : changes.file_parts) put(put_file_part_, part);
}

void SqliteStore::write_events(const Changes& changes) {
  for (const auto& [number, row] : changes.events) {
    if (row) {
      put(put_event_, *row);
    } else {
      erase_event_.run(number);
    }
  }
}

void SqliteStore::write_prints(const Changes& changes) {
  for (const auto& [agent, seq] : changes.outputs_seen) put_outputs_seen_.run(agent.value, seq);
  for (const LogRow& log : changes.logs) put(put_log_, log);
  for (const auto& [job, number] : changes.logs_erased_upto) erase_logs_.run(job.value, number);
  for (const OutputRow& output : changes.outputs) put(put_output_, output);
  for (const OutputsErased& erased : changes.outputs_erased) {
    erase_outputs_.run(erased.job.value, as_ordered(erased.from), erased.lease.epoch.value,
                       erased.lease.counter);
  }
}

}  // namespace pq
