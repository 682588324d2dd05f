#include "daemon/store/database_copy.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>
#include <vector>

#include "common/os/files.h"
#include "daemon/store/limits.h"

namespace pq::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* unfinished_suffix = ".unfinished";

// The copy has no readers and no earlier content. So it needs no journal, and this class syncs it.
constexpr const char* settings_of_copy =
    "PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF;";

// The database keeps a log beside it, but the copy does not. A log that appears beside the copy later belongs
// to another database.
constexpr const char* without_log =
    "PRAGMA locking_mode = EXCLUSIVE;"  // and no shared memory file
    "PRAGMA journal_mode = DELETE;";

}  // namespace

DatabaseCopy::DatabaseCopy(Database& from, fs::path file)
    : from_(from), file_(std::move(file)), unfinished_(file_.string() + unfinished_suffix) {}

DatabaseCopy::~DatabaseCopy() {
  if (!copy_) return;
  pages_.reset();
  copy_.reset();
  std::error_code ignored;
  fs::remove(unfinished_, ignored);
}

void DatabaseCopy::remove_unfinished(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    // Also the files that SQLite puts beside it for a moment.
    if (entry->path().extension().string().starts_with(unfinished_suffix)) found.push_back(entry->path());
  }
  for (const fs::path& file : found) fs::remove(file, error);
}

tl::expected<void, std::string> DatabaseCopy::begin() {
  bytes_expected_ = static_cast<std::uintmax_t>(from_.integer("PRAGMA page_count")) *
                    static_cast<std::uintmax_t>(from_.integer("PRAGMA page_size"));
  if (auto made = make_directory(file_.parent_path()); !made) return made;
  if (auto room = leave_room(); !room) return room;
  std::error_code ignored;
  fs::remove(unfinished_, ignored);
  copy_.emplace(unfinished_);
  copy_->execute(settings_of_copy);
  std::error_code error;
  fs::permissions(unfinished_, fs::perms::owner_read | fs::perms::owner_write, error);  // while it is empty
  if (error) return tl::unexpected(fmt::format("cannot write {}: {}", unfinished_.string(), error.message()));
  pages_.emplace(from_, *copy_);
  return {};
}

// If a copy took the last block of a disk that it shares with the queue, the queue would stop.
tl::expected<void, std::string> DatabaseCopy::leave_room() const {
  std::error_code error;
  const auto free = fs::space(file_.parent_path(), error).available;
  if (error) return {};  // SQLite will then report the problem
  const auto written = copy_ ? fs::file_size(unfinished_, error) : 0;
  const auto missing = bytes_expected_ > written ? bytes_expected_ - written : 0;
  if (free >= missing + limits::backup_bytes_spared) return {};
  return tl::unexpected(fmt::format(
      "the disk of {} has {} bytes free; the copy needs {} more, and {} must be left to the queue",
      file_.parent_path().string(), free, missing, limits::backup_bytes_spared));
}

tl::expected<bool, std::string> DatabaseCopy::advance() try {
  const auto ready = copy_ ? leave_room() : begin();
  if (!ready) return tl::unexpected(ready.error());
  const bool is_whole = pages_->step(limits::backup_pages_per_turn);
  copy_->sync();
  if (!is_whole) return false;
  pages_.reset();
  copy_->execute(without_log);
  copy_->sync();
  std::error_code unknown;
  bytes_ = fs::file_size(unfinished_, unknown);
  if (const auto named = rename_to_new(unfinished_, file_); !named) return tl::unexpected(named.error());
  copy_.reset();
  return true;
} catch (const SqliteError& error) {
  return tl::unexpected(fmt::format("cannot write {}: {}", unfinished_.string(), error.what()));
}

}  // namespace pq::store
