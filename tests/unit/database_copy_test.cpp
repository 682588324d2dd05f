// A copy of a database that goes on changing, whatever happens to it.
#include "daemon/store/database_copy.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <set>
#include <string>

#include "daemon/store/sqlite_store.h"
#include "daemon/store/stored_file.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/small_disk.h"
#include "tests/unit/stored_rows.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

Changes job_of_pages(std::uint64_t id, std::uint64_t spans) {
  Changes changes;
  changes.jobs[JobId{id}] = job_row(id);
  for (std::uint64_t begin = 0; begin < spans; ++begin) {
    changes.spans[{JobId{id}, begin}] = Span{begin + 1, Failed{{3}, std::string(200, 'x')}};
  }
  return changes;
}

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename().string());
  return names;
}

// A store of a few thousand pages, and what it holds.
struct Kept {
  ScratchDir scratch;
  StatePaths paths = scratch.state();
  SqliteStore store{paths};
  Stored model;

  Kept() { commit(job_of_pages(1, 10'000)); }

  void commit(const Changes& changes) {
    store.commit(changes);
    apply(changes, model);
  }

  BackupEnd back_up(const std::string& name) {
    REQUIRE_FALSE(store.begin_backup(name));
    while (true) {
      if (auto end = store.continue_backup()) return *end;
    }
  }

  std::string refusal(const BackupEnd& end) {
    REQUIRE_FALSE(end.has_value());
    CHECK(end.error().word == ErrorWord::backup_failed);
    return end.error().detail;
  }

  // The next commit is taken and there.
  void goes_on() {
    commit(job_of_pages(77, 3));
    CHECK(text_of(store.load()) == text_of(model));
  }
};

TEST_CASE("a backup has all that was committed before its end, also what changed while it was made") {
  Kept k;
  REQUIRE_FALSE(k.store.begin_backup("one"));
  std::optional<BackupEnd> end;
  std::uint64_t turns = 0;
  for (; !end; end = k.store.continue_backup()) {
    ++turns;
    Changes changes = job_of_pages(1 + turns % 7, 200 * (turns % 7));  // pages copied already, and others
    if (turns % 5 == 0) changes.jobs[JobId{2}] = std::nullopt;
    k.commit(changes);
    CHECK_FALSE(fs::exists(k.paths.backups() / "one.db"));
  }
  CHECK(turns > 5);
  REQUIRE(end->has_value());
  const fs::path file = (*end)->path;
  CHECK(file == k.paths.backups() / "one.db");
  CHECK((*end)->bytes == fs::file_size(file));
  CHECK(names_in(k.paths.backups()) == std::set<std::string>{"one.db"});
  struct stat found {};
  REQUIRE(::stat(file.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777U) == 0600);
  CHECK(text_of(read_stored_file(file)) == text_of(k.model));
  k.goes_on();
  CHECK(text_of(read_stored_file(file)) != text_of(k.model));
}

TEST_CASE("a backup in the place of the database is what the next head finds") {
  Kept k;
  const BackupEnd end = k.back_up("one");
  REQUIRE(end.has_value());
  const ScratchDir elsewhere;
  fs::create_directory(elsewhere.state().dir);
  fs::copy_file(end->path, elsewhere.state().database());
  CHECK(text_of(SqliteStore(elsewhere.state()).load()) == text_of(k.model));
}

TEST_CASE("a backup beside the log of the database before it is refused, and both stay as they are") {
  Kept k;
  const BackupEnd end = k.back_up("one");
  REQUIRE(end.has_value());
  k.goes_on();  // the log has what the backup has not
  const ScratchDir elsewhere;
  const StatePaths paths = elsewhere.state();
  const fs::path log = paths.database().string() + "-wal";
  fs::create_directory(paths.dir);
  fs::copy_file(end->path, paths.database());
  fs::copy_file(k.paths.database().string() + "-wal", log);
  const auto before = bytes_of(paths.database()) + bytes_of(log);
  for (const bool by_head : {true, false}) {
    try {
      by_head ? static_cast<void>(SqliteStore(paths)) : static_cast<void>(read_stored_file(paths.database()));
      FAIL("it was read");
    } catch (const EnvironmentError& error) {
      CHECK(says(error.what(), log.string() + " is not the log of"));
    }
  }
  CHECK(bytes_of(paths.database()) + bytes_of(log) == before);
  fs::remove(log);
  CHECK(SqliteStore(paths).load().jobs.size() == 1);
}

TEST_CASE("a name that is taken is refused, and its file stays as it is") {
  Kept k;
  REQUIRE(k.back_up("one").has_value());
  const std::string before = bytes_of(k.paths.backups() / "one.db");
  k.goes_on();
  const auto refusal = k.store.begin_backup("one");
  REQUIRE(refusal);
  CHECK(refusal->word == ErrorWord::name_is_taken);
  CHECK(bytes_of(k.paths.backups() / "one.db") == before);
}

TEST_CASE("a name that is taken while the backup is made fails it, and the other file stays as it is") {
  Kept k;
  REQUIRE_FALSE(k.store.begin_backup("one"));
  REQUIRE_FALSE(k.store.continue_backup());
  std::ofstream(k.paths.backups() / "one.db") << "somebody else's";
  std::optional<BackupEnd> end;
  while (!end) end = k.store.continue_backup();
  CHECK(says(k.refusal(*end), "File exists"));
  CHECK(bytes_of(k.paths.backups() / "one.db") == "somebody else's");
  CHECK(names_in(k.paths.backups()) == std::set<std::string>{"one.db"});
  k.goes_on();
}

TEST_CASE("of a head that stops or is killed amid a backup nothing is left but whole backups") {
  const ScratchDir scratch;
  const StatePaths paths = scratch.state();
  {
    SqliteStore store(paths);
    store.commit(job_of_pages(1, 10'000));
    REQUIRE_FALSE(store.begin_backup("stopped"));
    REQUIRE_FALSE(store.continue_backup());
    CHECK(names_in(paths.backups()) == std::set<std::string>{"stopped.db.unfinished"});
  }
  CHECK(names_in(paths.backups()).empty());
  for (const char* name : {"old.db", "killed.db.unfinished", "killed.db.unfinished-wal", "a.unfinished.db"})
    std::ofstream(paths.backups() / name) << name;
  const SqliteStore store(paths);
  CHECK(names_in(paths.backups()) == std::set<std::string>{"old.db", "a.unfinished.db"});
}

TEST_CASE("a write that the disk refuses fails the backup and does not touch the queue") {
  Kept k;
  REQUIRE_FALSE(k.store.begin_backup("one"));
  std::optional<BackupEnd> end;
  while (!end) {
    const FileSizeLimit limit(1 << 20);
    end = k.store.continue_backup();
  }
  CHECK(says(k.refusal(*end), "cannot write " + (k.paths.backups() / "one.db.unfinished").string()));
  CHECK(names_in(k.paths.backups()).empty());
  k.goes_on();
  CHECK(k.back_up("one").has_value());
}

TEST_CASE("a disk without room is told with figures, and is given back what was written") {
  Kept k;
  const SmallDisk disk(k.paths.backups());
  if (!disk.is_mounted()) {
    MESSAGE("skipped: this user may not mount a file system");
    return;
  }
  const std::string why = k.refusal(k.back_up("one"));
  CHECK(says(why, " has 1048576 bytes free; the copy needs "));
  CHECK(says(why, "more, and 16777216 must be left to the queue"));
  CHECK(names_in(k.paths.backups()).empty());
  k.goes_on();
}

}  // namespace
}  // namespace pq::tests
