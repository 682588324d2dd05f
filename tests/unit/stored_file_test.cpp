// Databases that no head has open: read, refused, and in both cases left exactly as they were.
#include "daemon/store/stored_file.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "common/values/errors.h"
#include "daemon/store/sqlite_store.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/stored_rows.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> files_of(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    files[entry.path().filename().string()] = entry.is_directory() ? "" : bytes_of(entry.path());
  }
  return files;
}

Changes some_rows(std::uint64_t job) {
  Changes changes;
  changes.jobs[JobId{job}] = job_row(job);
  for (std::uint64_t begin = 0; begin < 1000; ++begin) {
    changes.spans[{JobId{job}, begin}] = Span{begin + 1, Failed{{3}, std::string(100, 'x')}};
  }
  changes.agents[AgentId{1}] = agent_row(1, {{"arch", "x86_64"}});
  return changes;
}

// The error of reading the file. Nothing in it changes, and nothing appears beside it.
std::string refusal(const fs::path& file) {
  const auto before = files_of(file.parent_path());
  std::string text;
  try {
    read_stored_file(file);
    FAIL("it was read");
  } catch (const EnvironmentError& error) {
    CHECK(error.status() == ExitStatus::failed);
    text = error.what();
  }
  CHECK(files_of(file.parent_path()) == before);
  CHECK(says(text, file.string()));
  CHECK(text.find('\n') == std::string::npos);
  return text;
}

TEST_CASE(
    "a database is read whole, with a path that an URI would misunderstand, and nothing of it changes") {
  const ScratchDir scratch;
  const StatePaths paths{scratch.path() / "100%3f ?#"};
  std::string expected;
  {
    SqliteStore store(paths);
    store.begin_epoch(Epoch{7});
    store.commit(some_rows(1));
    expected = text_of(store.load());
  }
  const auto before = files_of(paths.dir);
  const Stored found = read_stored_file(paths.database());
  CHECK(text_of(found) == expected);
  CHECK(found.epochs == std::set{Epoch{7}});
  CHECK(files_of(paths.dir) == before);
}

TEST_CASE("the log beside a database is read as part of it") {
  const ScratchDir scratch;
  const fs::path copy = scratch.path() / "copy";
  fs::create_directory(copy);
  SqliteStore store(scratch.state());
  store.commit(some_rows(1));
  store.commit(some_rows(2));
  for (const char* name : {"pq.db", "pq.db-wal"}) fs::copy_file(scratch.state().dir / name, copy / name);
  const auto before = files_of(copy);
  CHECK(text_of(read_stored_file(copy / "pq.db")) == text_of(store.load()));
  CHECK(files_of(copy) == before);
}

TEST_CASE("what is no database of pq is refused with what it is") {
  const ScratchDir scratch;
  const fs::path file = scratch.path() / "file.db";
  SUBCASE("nothing") { CHECK(says(refusal(file), "No such file or directory")); }
  SUBCASE("a directory") {
    fs::create_directory(file);
    CHECK(
        says(refusal(file), "is a directory; give the database in it, such as " + (file / "pq.db").string()));
  }
  SUBCASE("empty") {
    std::ofstream(file).close();
    CHECK(says(refusal(file), "is empty; give another file that pq-backup has made"));
  }
  SUBCASE("a text") {
    std::ofstream(file) << std::string(5000, 't');
    CHECK(says(refusal(file), "is not a database of pq"));
  }
  SUBCASE("another program's") {
    Database(file).execute("CREATE TABLE t (x); PRAGMA application_id = 7");
    CHECK(says(refusal(file),
               "of another program (application_id 0x7); it is left as it is: give another file"));
  }
  SUBCASE("a newer version's") {
    Database(file).execute(
        "CREATE TABLE t (x); PRAGMA application_id = 0x70713031; PRAGMA user_version = 999");
    CHECK(says(refusal(file), "has schema version 999"));
  }
}

TEST_CASE("damage is found in any page, in an index and in a row") {
  const ScratchDir scratch;
  const fs::path file = scratch.state().database();
  SqliteStore(scratch.state()).commit(some_rows(1));
  SUBCASE("half of it is missing") { fs::resize_file(file, fs::file_size(file) / 2); }
  SUBCASE("a page") {
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
    out << std::string(4096, '\xFF');
  }
  SUBCASE("an index without an entry") {
    const std::string is_it = " WHERE name = 'jobs_by_request'";
    Database database(file);
    const auto page = database.integer(("SELECT rootpage FROM sqlite_schema" + is_it).c_str());
    const std::string sql = database.text(("SELECT sql FROM sqlite_schema" + is_it).c_str());
    database.execute(("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema" + is_it).c_str());
    Database(file).execute("UPDATE jobs SET request_low = 5");  // by a connection that knows of no index
    const std::string row = "'index', 'jobs_by_request', 'jobs', " + std::to_string(page) + ", '" + sql + "'";
    database.execute(("INSERT INTO sqlite_schema VALUES (" + row + ")").c_str());
  }
  SUBCASE("a word that pq does not know") { Database(file).execute("UPDATE jobs SET state = 'asleep'"); }
  const std::string why = refusal(file);
  CHECK_MESSAGE(says(why, "is damaged: "), why);
}

}  // namespace
}  // namespace pq::tests
