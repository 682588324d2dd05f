#include "daemon/store/migrations.h"

#include <doctest/doctest.h>

#include <vector>

#include "common/values/errors.h"
#include "daemon/store/sqlite_store.h"
#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page = 4096;

// The error of opening the file; empty if it opens.
std::string refusal(const StatePaths& paths) {
  try {
    SqliteStore store(paths);
    return "";
  } catch (const EnvironmentError& error) {
    CHECK(error.status() == ExitStatus::failed);
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    return error.what();
  }
}

// A database of a hundred pages or so.
void fill(SqliteStore& store) {
  Changes changes;
  JobRow job;
  job.id = JobId{1};
  changes.jobs[job.id] = job;
  for (std::uint64_t begin = 0; begin < 1000; ++begin) {
    changes.spans[{JobId{1}, begin}] = Span{begin + 1, Failed{{3}, std::string(200, 'x')}};
  }
  store.commit(changes);
}

void execute(const fs::path& file, const std::string& sql) { Database(file).execute(sql.c_str()); }

void overwrite(const fs::path& file, std::size_t at, const std::string& bytes) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(at));
  out << bytes;
  REQUIRE(out.flush().good());
}

// Refused with `why`, twice, and not one byte of it was touched.
void check_refused_untouched(const StatePaths& paths, const std::string& why) {
  const fs::path log = paths.database().string() + "-wal";
  const std::string before = bytes_of(paths.database());
  const std::string log_before = bytes_of(log);
  for (int start = 0; start < 2; ++start) {
    const std::string text = refusal(paths);
    CHECK_MESSAGE(says(text, why), text);
    CHECK_MESSAGE(says(text, "it is left as it is"), text);
    CHECK(says(text, paths.database().string()));
    CHECK(bytes_of(paths.database()) == before);
    CHECK(bytes_of(log) == log_before);
  }
}

std::int64_t version_of(Database& database) { return database.integer("PRAGMA user_version"); }

const char* const second_step = "ALTER TABLE jobs ADD COLUMN note TEXT NOT NULL DEFAULT 'none'";

}  // namespace

TEST_CASE("an empty file climbs to today's version and is marked as pq's") {
  const ScratchDir scratch;
  fs::create_directory(scratch.state().dir);
  std::ofstream(scratch.state().database()).close();
  CHECK(refusal(scratch.state()) == "");
  Database database(scratch.state().database());
  CHECK(version_of(database) == static_cast<std::int64_t>(migrations().size()));
  CHECK(database.integer("PRAGMA application_id") == 0x70713031);
  CHECK(database.integer(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%STRICT%'") == 0);
}

TEST_CASE("an older database goes on from its version and keeps its rows") {
  const ScratchDir scratch;
  const fs::path file = scratch.path() / "old.db";
  Database database(file);
  migrate(database, file, migrations().first(1));
  database.execute("INSERT INTO epochs (epoch) VALUES (7)");
  const std::vector<const char*> steps = {migrations()[0], "ALTER TABLE epochs ADD COLUMN note TEXT",
                                          "UPDATE epochs SET note = 'third'"};
  migrate(database, file, steps);
  CHECK(version_of(database) == 3);
  CHECK(database.text("SELECT note FROM epochs WHERE epoch = 7") == "third");
  migrate(database, file, steps);  // nothing is left to do
  CHECK(version_of(database) == 3);
}

TEST_CASE("of what an older pq had computed nobody knows who did it, and what it lost is no longer counted") {
  const ScratchDir scratch;
  const fs::path file = scratch.path() / "old.db";
  Database database(file);
  migrate(database, file, migrations().first(3));
  // Two spans of job 1 around 2^63, whose bits are those of negative numbers: done, and leased beyond 10.
  database.execute(
      "INSERT INTO jobs (id, request_high, request_low, begin, end, kernel, fold, name, priority, "
      "attempts_max,"
      " failures_max, state, leases_granted, leases_expired, leases_yielded, recomputed, attempts_failed,"
      " created_unix_ms, collected_bytes) VALUES (1, 1, 1, 9223372036854775803, -9223372036854775758, 'exec',"
      " 'sum', '', 0, 3, 100, 'running', 2, 0, 0, 0, 0, 1, 999);"
      "INSERT INTO spans (job, begin, end, state, value) VALUES (1, 9223372036854775803,"
      " -9223372036854775803, 'done', 8);"
      "INSERT INTO spans (job, begin, end, state, lease_epoch, lease_counter, agent, upto, value)"
      " VALUES (1, -9223372036854775803, -9223372036854775758, 'leased', 7, 2, 1, -9223372036854775798, 9);"
      "INSERT INTO outputs (job, begin, part_begin, lease_epoch, lease_counter, end, last, text) VALUES"
      " (1, -5, 0, 7, 1, 0, 1, x'0101'), (1, 0, 0, 7, 1, 5, 1, x'010101'),"
      " (1, 5, 0, 7, 2, 10, 1, x'0101010101'), (1, 10, 0, 7, 2, 12, 1, x'01010101010101')");
  migrate(database, file, migrations());
  CHECK(database.integer("SELECT count(*) FROM parts WHERE job = 1 AND begin = -5 AND end = 5 AND value = 8"
                         " AND length(workers) = 0 AND lease_epoch IS NULL") == 1);
  CHECK(database.integer("SELECT output_bytes FROM parts") == 5);
  CHECK(database.integer("SELECT collected_bytes FROM jobs") == 10);
}

TEST_CASE("a step that fails half-way leaves the version before it") {
  const ScratchDir scratch;
  const fs::path file = scratch.path() / "old.db";
  Database database(file);
  migrate(database, file, migrations().first(1));
  const std::vector<const char*> bad = {
      migrations()[0], second_step,
      "CREATE TABLE extra (x INTEGER) STRICT; INSERT INTO extra VALUES (1); INSERT INTO nowhere VALUES (1)"};
  try {
    migrate(database, file, bad);
    FAIL("the step cannot have succeeded");
  } catch (const EnvironmentError& error) {
    CHECK(says(error.what(), "from schema version 2 to 3: no such table: nowhere; it is left at version 2"));
  }
  CHECK(version_of(database) == 2);
  CHECK(database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == 0);
  CHECK_FALSE(database.is_in_transaction());

  const std::vector<const char*> good = {migrations()[0], second_step,
                                         "CREATE TABLE extra (x INTEGER) STRICT"};
  migrate(database, file, good);
  CHECK(version_of(database) == 3);
}

TEST_CASE("a database of a newer pq is refused and kept") {
  const ScratchDir scratch;
  fill(*std::make_unique<SqliteStore>(scratch.state()));
  execute(scratch.state().database(), "PRAGMA user_version = 4000");
  check_refused_untouched(scratch.state(), "has schema version 4000 and this pqd knows versions up to " +
                                               std::to_string(migrations().size()));
  execute(scratch.state().database(), "PRAGMA user_version = -1");
  check_refused_untouched(scratch.state(), "has schema version -1");
}

TEST_CASE("a database of another program is refused and kept") {
  const ScratchDir scratch;
  fs::create_directory(scratch.state().dir);
  SUBCASE("that has an application id") {
    execute(scratch.state().database(), "PRAGMA application_id = 305419896; CREATE TABLE theirs (x)");
    check_refused_untouched(scratch.state(),
                            "is the database of another program (application_id 0x12345678)");
  }
  SUBCASE("that has none") {
    execute(scratch.state().database(), "CREATE TABLE theirs (x)");
    check_refused_untouched(scratch.state(), "is the database of another program (application_id 0x0)");
  }
}

TEST_CASE("a file that is no database is refused and kept") {
  const ScratchDir scratch;
  fs::create_directory(scratch.state().dir);
  std::ofstream(scratch.state().database()) << std::string(10'000, 'q');
  check_refused_untouched(scratch.state(), "is not a database of pq");
}

TEST_CASE("a damaged database is refused and kept, wherever the damage is") {
  const ScratchDir scratch;
  fill(*std::make_unique<SqliteStore>(scratch.state()));
  const fs::path file = scratch.state().database();
  const std::string whole = bytes_of(file);
  REQUIRE(whole.size() > 40 * page);
  for (std::size_t at = page / 2; at + page < whole.size(); at += 7 * page) {
    CAPTURE(at);
    overwrite(file, at, std::string(page, '\xA5'));
    check_refused_untouched(scratch.state(), "is damaged");
    overwrite(file, at, whole.substr(at, page));
  }
  fs::resize_file(file, whole.size() / 2);
  check_refused_untouched(scratch.state(), "is damaged");
  overwrite(file, 0, whole);
  CHECK(refusal(scratch.state()) == "");
}

// SQLite says that it "failed to read" an entry of it that means nothing, as of one on a disk that cannot be
// read.
TEST_CASE("a database is damaged if only its map of pages is, whatever is there instead") {
  const ScratchDir scratch;
  fill(*std::make_unique<SqliteStore>(scratch.state()));
  const fs::path file = scratch.state().database();
  const std::string whole = bytes_of(file);
  REQUIRE(Database(file).integer("PRAGMA auto_vacuum") != 0);
  Dice dice(1);
  for (int round = 0; round < 32; ++round) {
    CAPTURE(round);
    std::string noise(page, '\0');
    for (char& byte : noise) byte = static_cast<char>(round < 8 ? round : static_cast<int>(dice.below(256)));
    overwrite(file, page, noise);
    check_refused_untouched(scratch.state(), "is damaged");
  }
  overwrite(file, page, whole.substr(page, page));
  CHECK(refusal(scratch.state()) == "");
}

TEST_CASE("a damaged database is kept together with the log that a killed daemon left") {
  const ScratchDir scratch;
  const StatePaths killed{scratch.path() / "killed"};
  fs::create_directory(killed.dir);
  fill(*std::make_unique<SqliteStore>(scratch.state()));
  {
    SqliteStore store(scratch.state());
    store.begin_epoch(Epoch{1});
    for (const char* const name : {"pq.db", "pq.db-wal"})
      fs::copy(scratch.state().dir / name, killed.dir / name);
  }
  REQUIRE(fs::file_size(killed.dir / "pq.db-wal") > 0);
  SUBCASE("whole, it is read with its log") {
    CHECK(SqliteStore(killed).load().spans.size() == 1000);
    CHECK(Database(killed.database()).integer("SELECT count(*) FROM epochs") == 1);
  }
  SUBCASE("damaged, neither is touched") {
    overwrite(killed.database(), 20 * page, std::string(2 * page, '\xA5'));
    check_refused_untouched(killed, "is damaged");
  }
}

TEST_CASE("a database that another program has open is refused") {
  const ScratchDir scratch;
  fill(*std::make_unique<SqliteStore>(scratch.state()));
  Database other(scratch.state().database());
  other.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  CHECK(says(refusal(scratch.state()), "is open in another program"));
}

}  // namespace pq::tests
