#include "daemon/store/database_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace pq::store {

DatabaseFiles::DatabaseFiles(const std::filesystem::path& database)
    : database_{.path = database}, log_{.path = database.string() + "-wal"} {}

std::optional<DatabaseFiles::Loss> DatabaseFiles::look() {
  auto of_database = look_at(database_);
  auto of_log = look_at(log_);
  if (of_database) return Loss{std::move(*of_database)};
  if (of_log) return Loss{std::move(*of_log), true};
  return std::nullopt;
}

// SQLite holds the file open, so no other file gets its number meanwhile. Other errors than a missing name
// say nothing about the file.
std::optional<std::string> DatabaseFiles::look_at(Watched& file) {
  struct stat found {};
  if (::stat(file.path.c_str(), &found) != 0) {
    const bool is_missing = errno == ENOENT || errno == ENOTDIR;
    return file.is_seen && is_missing ? std::optional(file.path.string() + " was removed") : std::nullopt;
  }
  if (!file.is_seen) {
    file.is_seen = true;
    file.device = found.st_dev;
    file.number = found.st_ino;
  }
  if (found.st_dev == file.device && found.st_ino == file.number) return std::nullopt;
  return file.path.string() + " was replaced by another file";
}

}  // namespace pq::store
