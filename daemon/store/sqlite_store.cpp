#include "daemon/store/sqlite_store.h"

#include <fmt/format.h>

#include <system_error>

#include "common/values/check.h"
#include "daemon/store/free_pages.h"
#include "daemon/store/migrations.h"
#include "daemon/store/reading.h"

namespace pq::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* backup_suffix = ".db";

// The text for people if the database cannot be opened or read.
EnvironmentError unusable(const std::filesystem::path& path, const SqliteError& error) {
  const auto say = [&](std::string_view what, std::string_view next) {
    return EnvironmentError(fmt::format("{} {}: {}; {}", path.string(), what, error.what(), next));
  };
  constexpr std::string_view restore =
      "it is left as it is: restore a backup of it, or move it away and start an empty queue with pqd "
      "--new-queue";
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

// The settings of the connection, with their reasons.
constexpr const char* settings_before_first_access =
    "PRAGMA locking_mode = EXCLUSIVE;"  // nobody else's; set this early, SQLite needs no shared memory file
    "PRAGMA trusted_schema = OFF;";
constexpr const char* settings =
    "PRAGMA synchronous = FULL;"    // NORMAL loses acknowledged commits when the power fails
    "PRAGMA secure_delete = FAST;"  // overwrites what is deleted, as secrets are, where that costs no write
    "PRAGMA temp_store = MEMORY;"   // no files elsewhere
    "PRAGMA cache_size = -32768;";  // KiB: the spans of a large fleet and the pages of one turn

Database open_database(const std::filesystem::path& path) {
  refuse_foreign_log(path);
  forget_cached(path.string() + "-wal");  // the last process may have ended because it could not be synced
  Database database(path);
  database.leave_files_on_close(true);  // until the file is known to be one that pq may write to
  database.execute(settings_before_first_access);
  refuse_unusable(database, path, migrations().size());
  if (is_new(database)) database.execute(settings_of_new_database);
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
    : on_disk_(paths.database()),
      backups_(std::filesystem::absolute(paths.backups())),
      claim_(paths),
      database_(open_database(on_disk_.database())),
      jobs_(database_),
      agents_(database_),
      files_(database_),
      prints_(database_),
      events_(database_),
      provenance_(database_) {
  on_disk_.look();
  DatabaseCopy::remove_unfinished(backups_);
} catch (const SqliteError& error) {
  throw unusable(paths.database(), error);
}

Stored SqliteStore::load() try { return read_all(database_); } catch (const SqliteError& error) {
  give_up(error);
}

std::optional<Stored> SqliteStore::read_job(JobId job) try {
  return store::read_job(database_, job);
} catch (const SqliteError& error) {
  give_up(error);
}

Provenance SqliteStore::read_provenance(JobId job, std::uint64_t begin, std::size_t count_max) try {
  return store::read_provenance(database_, job, begin, count_max);
} catch (const SqliteError& error) {
  give_up(error);
}

std::string SqliteStore::read_file(const Sha256& hash, std::uint64_t offset) try {
  return store::read_file(database_, hash, offset);
} catch (const SqliteError& error) {
  give_up(error);
}

std::vector<LogEntry> SqliteStore::read_logs(const AskLogs& ask, std::size_t count_max) try {
  return store::read_logs(database_, ask, count_max);
} catch (const SqliteError& error) {
  give_up(error);
}

std::vector<LogEntry> SqliteStore::read_last_failed_logs(JobId job, std::size_t count_max) try {
  return store::read_last_failed_logs(database_, job, count_max);
} catch (const SqliteError& error) {
  give_up(error);
}

std::vector<OutputEntry> SqliteStore::read_outputs(const AskOutput& ask, std::size_t count_max) try {
  return store::read_outputs(database_, ask, count_max);
} catch (const SqliteError& error) {
  give_up(error);
}

// A few microseconds of each turn: three questions to the file system, and two to the first page, which is in
// memory.
std::optional<StoreSizes> SqliteStore::sizes() try {
  std::error_code error;
  StoreSizes sizes;
  sizes.bytes = std::filesystem::file_size(on_disk_.database(), error);
  if (error) return std::nullopt;
  const auto log_bytes = std::filesystem::file_size(on_disk_.log(), error);
  if (!error) sizes.log_bytes = log_bytes;  // else there is no log
  const std::filesystem::space_info space = std::filesystem::space(on_disk_.database(), error);
  if (error) return std::nullopt;
  sizes.disk_bytes = space.capacity;
  sizes.disk_free_bytes = space.available;
  const PageCounts pages = count_pages(database_);
  sizes.used_bytes = (pages.all - pages.unused) * pages.bytes_each;
  sizes.unused_bytes = pages.unused * pages.bytes_each;
  sizes.has_slack = has_slack(pages) && can_give_back_pages(database_);
  return sizes;
} catch (const SqliteError& error) {
  give_up(error);
}

// As a commit of its own, which stores nothing.
void SqliteStore::give_back_pages() {
  check(!outcome_is_unknown_, "no commit follows one whose outcome is unknown");
  try {
    store::give_back_pages(database_);
  } catch (const SqliteError& error) {
    fail(error);
  }
}

// The table's primary key refuses an epoch that was drawn before.
void SqliteStore::begin_epoch(Epoch epoch) try {
  Statement(database_, "INSERT INTO epochs (epoch) VALUES (?)").run(epoch.value);
} catch (const SqliteError& error) {
  give_up(error);
}

void SqliteStore::give_up(const SqliteError& error) {
  database_.leave_files_on_close(true);
  throw unusable(on_disk_.database(), error);
}

void SqliteStore::commit(const Changes& changes) {
  check(!outcome_is_unknown_, "no commit follows one whose outcome is unknown");
  if (changes.is_empty()) return;
  try {
    Transaction transaction(database_);
    agents_.write(changes);
    files_.write(changes);
    events_.write(changes);
    jobs_.write(changes);
    // What belongs to a job goes with it, so these come after all that is written of it.
    prints_.write(changes);
    provenance_.write(changes);
    transaction.commit();
  } catch (const SqliteError& error) {
    fail(error);
  }
  expect_in_place();  // else this would be acknowledged out of a file that no next start finds
}

void SqliteStore::fail(const SqliteError& error) {
  outcome_is_unknown_ = true;
  database_.leave_files_on_close(true);
  constexpr std::string_view text =
      "cannot commit to {}: {}; nothing that was acknowledged is lost, whether the last changes are stored "
      "is unknown: free space or check the disk, then start pqd again";
  throw EnvironmentError(fmt::format(text, on_disk_.database().string(), error.what()),
                         ExitStatus::storage_failed);
}

// Whatever has the names now is not touched: it may be a backup that somebody restores. A log that lost its
// name is still open, so what it holds is saved; else the next start would find an older queue, and not know.
void SqliteStore::expect_in_place() {
  const auto loss = on_disk_.look();
  if (!loss) return;
  outcome_is_unknown_ = true;
  database_.leave_files_on_close(true);
  const bool is_saved = loss->log_is_all && saves_log();
  constexpr std::string_view then =
      "nothing is acknowledged from now on: stop pqd before its files are moved";
  const std::string text =
      is_saved
          ? fmt::format(
                "{} while pqd used it; all that was acknowledged is in {} now, and {}; start pqd again",
                loss->what, on_disk_.database().string(), then)
          : fmt::format("{} while pqd used it, and {}; put it back or restore a backup, then start pqd again",
                        loss->what, then);
  throw EnvironmentError(text, ExitStatus::storage_failed);
}

bool SqliteStore::saves_log() noexcept {
  try {
    return database_.empty_log();
  } catch (const std::exception&) {  // the loss itself is what is reported
    return false;
  }
}

// ---------------------------------------------------------------- backups

std::optional<Refusal> SqliteStore::begin_backup(const std::string& name) {
  check(!backup_, "one backup at a time");
  const fs::path file = backups_ / (name + backup_suffix);
  std::error_code unknown;  // making the file will report it
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

std::vector<std::string> SqliteStore::backups() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(backups_, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == backup_suffix) names.push_back(entry->path().stem().string());
  }
  return names;
}

bool SqliteStore::remove_backup(const std::string& name) {
  std::error_code error;
  return fs::remove(backups_ / (name + backup_suffix), error);
}

}  // namespace pq::store
