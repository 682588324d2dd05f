#include "daemon/store/stored_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

#include "common/values/errors.h"
#include "daemon/store/migrations.h"
#include "daemon/store/reading.h"
#include "daemon/store/sqlite.h"

namespace pq::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view another = "give another file that pq-backup has made";

// The bytes that SQLite locks (its file format, "locking"). They lie beyond the data, so they can be locked
// separately.
constexpr off_t locks_begin = 0x40000000;
constexpr off_t locks_width = 512;

EnvironmentError unreadable(const fs::path& file, const SqliteError& error) {
  const char* what = "cannot be read";
  if (error.kind() == SqliteError::Kind::damaged) what = "is damaged";
  if (error.kind() == SqliteError::Kind::not_a_database) what = "is not a database of pq";
  return EnvironmentError(
      fmt::format("{} {}: {}; it is left as it is: {}", file.string(), what, error.what(), another));
}

// The process that holds the lock. A head holds it from its start to its end.
std::optional<pid_t> user_of(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    throw EnvironmentError(fmt::format("cannot read {}: {}; {}", file.string(), errno_text(errno), another));
  }
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = locks_begin;
  lock.l_len = locks_width;
  const bool is_locked = ::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(fd);
  return is_locked ? std::optional(lock.l_pid) : std::nullopt;
}

void refuse_used(const fs::path& file) {
  if (const auto user = user_of(file)) {
    throw EnvironmentError(
        fmt::format("{} is in use by process {}, a running pqd; make a copy with pq-backup and give that",
                    file.string(), *user));
  }
}

void refuse_no_file(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_directory(file, ignored)) return;
  throw EnvironmentError(fmt::format("{} is a directory; give the database in it, such as {}", file.string(),
                                     (file / "pq.db").string()));
}

// In memory the file can be migrated to today's version, with its log.
Database in_memory(const fs::path& file) {
  Database source = Database::read_only(file);
  refuse_unusable(source, file, migrations().size(), another);
  if (is_new(source)) throw EnvironmentError(fmt::format("{} is empty; {}", file.string(), another));
  Database copy = Database::in_memory();
  PageCopy(source, copy).step(-1);
  return copy;
}

}  // namespace

Stored read_stored_file(const fs::path& file) try {
  refuse_no_file(file);
  refuse_used(file);
  refuse_foreign_log(file);
  Database database = in_memory(file);
  refuse_used(file);  // a head that was started meanwhile has changed it while it was read
  database.expect_sound("PRAGMA integrity_check(1)");
  migrate(database, file, migrations());
  Stored stored = read_all(database);
  for (const auto& [job, row] : stored.jobs) look_closely(database, job, stored);
  return stored;
} catch (const SqliteError& error) {
  throw unreadable(file, error);
}

}  // namespace pq::store
