// The store when things go wrong around it: the daemon is killed, the disk is full, a write or a sync fails.
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

#include "common/values/errors.h"
#include "daemon/store/sqlite_store.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/small_disk.h"
#include "tests/unit/stored_rows.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

// Every sync of this process passes here, SQLite's too: counted, and failing on demand.
std::atomic<int> syncs = 0;
std::atomic<bool> syncs_fail = false;

int sync_through(long call, int fd) {
  ++syncs;
  if (!syncs_fail) return static_cast<int>(::syscall(call, fd));
  errno = EIO;
  return -1;
}

// One job and one span a commit, acknowledged by one byte.
[[noreturn]] void commit_for_ever(const StatePaths& paths, int acknowledgements) noexcept {
  SqliteStore store(paths);
  for (std::uint64_t id = 1;; ++id) {
    Changes changes;
    changes.jobs[JobId{id}] = job_row(id);
    changes.spans[{JobId{id}, 0}] = Span{1000, Free{}};
    store.commit(changes);
    if (::write(acknowledgements, "+", 1) != 1) ::_exit(1);
  }
}

// Commits turn after turn until one fails; what was acknowledged, that with the failed turn, and its message.
struct Exhaustion {
  Stored acknowledged;
  Stored with_last;
  std::string message;
};

Exhaustion commit_until_it_fails(SqliteStore& store) {
  Exhaustion seen;
  for (std::uint64_t turn = 0; turn < 5000; ++turn) {
    Changes changes;
    changes.jobs[JobId{1}] = job_row(1);
    changes.jobs[JobId{1}]->recomputed = turn;
    for (std::uint64_t n = 0; n < 50; ++n) {
      changes.spans[{JobId{1}, turn * 50 + n}] = Span{turn * 50 + n + 1, Failed{{1}, std::string(100, 'e')}};
    }
    apply(changes, seen.with_last);
    try {
      store.commit(changes);
    } catch (const EnvironmentError& error) {
      CHECK(error.status() == ExitStatus::storage_failed);
      seen.message = error.what();
      return seen;
    }
    apply(changes, seen.acknowledged);
  }
  FAIL("no commit has failed");
  return seen;
}

void check_nothing_acknowledged_is_lost(const StatePaths& paths, const Exhaustion& seen) {
  SqliteStore store(paths);
  const std::string found = text_of(store.load());
  CHECK_FALSE(seen.acknowledged.spans.empty());
  CHECK((found == text_of(seen.acknowledged) || found == text_of(seen.with_last)));
}

}  // namespace
}  // namespace pq::tests

extern "C" int fsync(int fd) { return pq::tests::sync_through(SYS_fsync, fd); }
extern "C" int fdatasync(int fd) { return pq::tests::sync_through(SYS_fdatasync, fd); }

namespace pq::tests {

TEST_CASE("what was acknowledged before the daemon was killed is there") {
  const ScratchDir scratch;
  std::array<int, 2> acknowledgements{};
  REQUIRE(::pipe(acknowledgements.data()) == 0);
  const pid_t daemon = ::fork();
  if (daemon == 0) commit_for_ever(scratch.state(), acknowledgements[1]);
  REQUIRE(daemon > 0);
  ::close(acknowledgements[1]);
  std::size_t acknowledged = 0;
  std::array<char, 64> buffer{};
  const auto receive = [&] {
    const ssize_t received = ::read(acknowledgements[0], buffer.data(), buffer.size());
    acknowledged += received > 0 ? static_cast<std::size_t>(received) : 0;
    return received > 0;
  };
  while (acknowledged < 100 && receive()) {
  }
  ::kill(daemon, SIGKILL);
  while (receive()) {
  }
  ::close(acknowledgements[0]);
  CHECK(::waitpid(daemon, nullptr, 0) == daemon);

  const Stored found = SqliteStore(scratch.state()).load();
  CHECK(acknowledged >= 100);
  CHECK(found.jobs.size() >= acknowledged);
  CHECK(found.jobs.size() <= acknowledged + 1);  // the one that was committed and not yet acknowledged
  CHECK(found.spans.size() == found.jobs.size());
}

TEST_CASE("a second daemon is refused while the first goes on") {
  const ScratchDir scratch;
  SqliteStore first(scratch.state());
  try {
    SqliteStore second(scratch.state());
    FAIL("two daemons in one state directory");
  } catch (const EnvironmentError& error) {
    CHECK(says(error.what(), "in use by another pqd"));
  }
  Changes changes;
  changes.jobs[JobId{1}] = job_row(1);
  first.commit(changes);
  CHECK(first.load().jobs.size() == 1);
}

TEST_CASE("a commit is on the disk when it returns, with one sync") {
  const ScratchDir scratch;
  SqliteStore store(scratch.state());
  Changes changes;
  changes.jobs[JobId{1}] = job_row(1);
  for (std::uint64_t begin = 0; begin < 100; ++begin)
    changes.spans[{JobId{1}, begin}] = Span{begin + 1, Free{}};
  store.commit(changes);  // the first one of a log also syncs the log's header
  const int before = syncs;
  store.commit(changes);
  CHECK(syncs == before + 1);
  store.commit(Changes());
  CHECK(syncs == before + 1);
}

TEST_CASE("the store has no shared memory, and after a clean end no log") {
  const ScratchDir scratch;
  const fs::path database = scratch.state().database();
  {
    SqliteStore store(scratch.state());
    store.begin_epoch(Epoch{1});
    CHECK(fs::exists(database.string() + "-wal"));
    CHECK_FALSE(fs::exists(database.string() + "-shm"));
  }
  CHECK_FALSE(fs::exists(database.string() + "-wal"));
}

TEST_CASE("after a sync that failed nothing more is written, and nothing acknowledged is lost") {
  const ScratchDir scratch;
  Changes first;
  first.jobs[JobId{1}] = job_row(1);
  Changes second;
  second.jobs[JobId{2}] = job_row(2);
  const fs::path database = scratch.state().database();
  std::string before;
  {
    SqliteStore store(scratch.state());
    store.commit(first);
    before = bytes_of(database);
    syncs_fail = true;
    CHECK_THROWS_AS(store.commit(second), EnvironmentError);
    syncs_fail = false;
    syncs = 0;
  }
  CHECK(syncs == 0);  // a sync that is tried again can succeed though the kernel has dropped the pages
  CHECK(bytes_of(database) == before);
  const auto found = SqliteStore(scratch.state()).load();
  REQUIRE(found.jobs.contains(JobId{1}));
  CHECK(text_of(found.jobs.at(JobId{1})) == text_of(job_row(1)));
}

TEST_CASE("a sync of a backup that fails is the backup's failure and not the queue's") {
  const ScratchDir scratch;
  SqliteStore store(scratch.state());
  Changes changes;
  changes.jobs[JobId{1}] = job_row(1);
  store.commit(changes);
  REQUIRE_FALSE(store.begin_backup("one"));
  syncs_fail = true;
  const auto end = store.continue_backup();
  syncs_fail = false;
  REQUIRE(end);
  REQUIRE_FALSE(end->has_value());
  CHECK(end->error().word == ErrorWord::backup_failed);
  CHECK(fs::is_empty(scratch.state().backups()));
  changes.jobs[JobId{2}] = job_row(2);
  store.commit(changes);
  CHECK(store.load().jobs.size() == 2);
}

TEST_CASE("a full disk stops the acknowledgements and loses none") {
  const ScratchDir scratch;
  const StatePaths paths = scratch.state();
  const SmallDisk disk(paths.dir);
  if (!disk.is_mounted()) {
    MESSAGE("skipped: this user may not mount a file system");
    return;
  }
  std::ofstream(paths.dir / "ballast") << std::string(100'000, 'b');
  const Exhaustion seen = [&] {
    SqliteStore store(paths);
    return commit_until_it_fails(store);
  }();
  CHECK(seen.message ==
        "cannot commit to " + paths.database().string() +
            ": database or disk is full; nothing that was acknowledged is lost, whether the last changes "
            "are stored is unknown: free space or check the disk, then start pqd again");
  check_nothing_acknowledged_is_lost(paths, seen);  // the disk still being full

  fs::remove(paths.dir / "ballast");
  Changes changes;
  changes.jobs[JobId{2}] = job_row(2);
  SqliteStore(paths).commit(changes);
  CHECK(SqliteStore(paths).read_job(JobId{2}));
}

TEST_CASE("a write that the disk refuses stops the acknowledgements and loses none") {
  const ScratchDir scratch;
  const Exhaustion seen = [&] {
    SqliteStore store(scratch.state());
    const FileSizeLimit limit(512 << 10);
    return commit_until_it_fails(store);
  }();
  CHECK_MESSAGE(
      says(seen.message, "disk I/O error (SQLite error 778); nothing that was acknowledged is lost"),
      seen.message);
  check_nothing_acknowledged_is_lost(scratch.state(), seen);
}

// ---------------------------------------------------------------- files that are taken away

// A store whose database and log are there, as begin_epoch leaves them.
struct OpenStore {
  OpenStore() { store.begin_epoch(Epoch{1}); }

  // What the store says when it looks, or commits; empty: nothing.
  std::string complaint(const std::function<void()>& act) {
    try {
      act();
      return "";
    } catch (const EnvironmentError& error) {
      CHECK(error.status() == ExitStatus::storage_failed);
      return error.what();
    }
  }
  std::string looks() {
    return complaint([&] { store.expect_in_place(); });
  }
  std::string commits() {
    Changes changes;
    changes.jobs[JobId{1}] = job_row(1);
    changes.spans[{JobId{1}, 0}] = Span{1000, Free{}};
    return complaint([&] { store.commit(changes); });
  }

  ScratchDir scratch;
  StatePaths paths = scratch.state();
  SqliteStore store{paths};
};

TEST_CASE("a store whose files are in place says nothing, however often it commits and looks") {
  OpenStore open;
  for (int i = 0; i < 3; ++i) {
    CHECK(open.looks() == "");
    CHECK(open.commits() == "");
  }
}

TEST_CASE("a database or a log that is removed or replaced is noticed by the next look") {
  for (const char* const suffix : {"", "-wal"}) {
    for (const bool is_replaced : {false, true}) {
      OpenStore open;
      const fs::path file = open.paths.database().string() + suffix;
      REQUIRE(open.looks() == "");
      fs::rename(file, file.string() + ".away");
      if (is_replaced) fs::copy_file(file.string() + ".away", file);
      const std::string text = open.looks();
      CHECK(says(text, file.string() + (is_replaced ? " was replaced by another file" : " was removed")));
      CHECK(says(text, *suffix == '-' ? "all that was acknowledged is in " : "restore a backup"));
    }
  }
}

TEST_CASE("what a log held that was removed or replaced is there at the next start") {
  for (const bool is_replaced : {false, true}) {
    const ScratchDir scratch;
    const std::string log = scratch.state().database().string() + "-wal";
    {
      SqliteStore store(scratch.state());
      store.begin_epoch(Epoch{1});
      Changes changes;
      changes.jobs[JobId{1}] = job_row(1);
      changes.spans[{JobId{1}, 0}] = Span{1000, Free{}};
      store.commit(changes);
      fs::remove(log);
      if (is_replaced) std::ofstream(log) << "of somebody else";
      CHECK_THROWS_AS(store.expect_in_place(), EnvironmentError);
    }
    CHECK(SqliteStore(scratch.state()).load().jobs.contains(JobId{1}));
  }
}

TEST_CASE("a commit into a database that was removed is not acknowledged, and other files are left alone") {
  const ScratchDir keeps;
  const fs::path theirs = keeps.path() / "pq.db";
  {
    OpenStore open;
    fs::remove(open.paths.database());
    fs::remove(open.paths.database().string() + "-wal");
    std::ofstream(open.paths.database().string() + "-wal") << "of a backup";
    CHECK(says(open.commits(), "was removed while pqd used it"));
    fs::create_hard_link(open.paths.database().string() + "-wal", theirs);
  }
  CHECK(bytes_of(theirs) == "of a backup");
}

}  // namespace pq::tests
