// What is erased of a database goes back to the disk, a few pages a turn.
#include "daemon/store/free_pages.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "daemon/store/limits.h"
#include "daemon/store/migrations.h"
#include "daemon/store/sqlite_store.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace pq::tests {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

Sha256 file_number(std::uint64_t number) { return sha256_of(std::to_string(number)); }

void store_mebibytes(Store& store, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t number = first; number < first + count; ++number) {
    Changes changes;
    changes.files[file_number(number)] = FileRow{file_number(number), mebibyte, mebibyte};
    changes.file_parts.push_back({file_number(number), 0, std::string(mebibyte, 'x')});
    store.commit(changes);
  }
}

void erase_mebibytes(Store& store, std::uint64_t first, std::uint64_t count) {
  Changes changes;
  for (std::uint64_t number = first; number < first + count; ++number)
    changes.files[file_number(number)] = std::nullopt;
  store.commit(changes);
}

}  // namespace

TEST_CASE("what is erased goes back to the disk but for what comes next, and the rest stays as it was") {
  const ScratchDir scratch;
  {
    SqliteStore store(scratch.state());
    store_mebibytes(store, 0, 40);
    CHECK_FALSE(store.sizes()->has_slack);
    erase_mebibytes(store, 0, 20);
    const StoreSizes before = *store.sizes();
    CHECK(before.has_slack);
    CHECK(before.unused_bytes > 19 * mebibyte);
    int steps = 0;
    for (; store.sizes()->has_slack; ++steps) store.give_back_pages();
    const StoreSizes after = *store.sizes();
    CHECK(steps > 10);
    CHECK(after.unused_bytes <= limits::unused_bytes_kept);
    CHECK(after.unused_bytes > limits::unused_bytes_kept - mebibyte);
    CHECK(after.used_bytes <= before.used_bytes);
  }
  CHECK(std::filesystem::file_size(scratch.state().database()) < 38 * mebibyte);
  SqliteStore again(scratch.state());
  CHECK(again.load().files.size() == 20);
  for (std::uint64_t number = 20; number < 40; ++number)
    CHECK(again.read_file(file_number(number), 0).size() == mebibyte);
}

TEST_CASE("of a large database an eighth stays for what comes") {
  const std::uint64_t page = 4096;
  const std::uint64_t kept = limits::unused_bytes_kept / page;
  CHECK_FALSE(has_slack({.all = 2 * kept, .unused = kept, .bytes_each = page}));
  CHECK(has_slack({.all = 2 * kept + 1, .unused = kept + 1, .bytes_each = page}));
  CHECK_FALSE(has_slack({.all = 9000 * kept, .unused = 1000 * kept, .bytes_each = page}));
  CHECK(has_slack({.all = 9000 * kept, .unused = 1000 * kept + 1, .bytes_each = page}));
}

TEST_CASE("a database that was made without this keeps its pages, and uses them again") {
  const ScratchDir scratch;
  std::filesystem::create_directory(scratch.state().dir);
  std::filesystem::permissions(scratch.state().dir, std::filesystem::perms::owner_all);
  {
    Database older(scratch.state().database());
    migrate(older, scratch.state().database(), migrations().first(1));
  }
  SqliteStore store(scratch.state());
  store_mebibytes(store, 0, 20);
  erase_mebibytes(store, 0, 20);
  const StoreSizes erased = *store.sizes();
  CHECK(erased.unused_bytes > 19 * mebibyte);
  CHECK_FALSE(erased.has_slack);
  store_mebibytes(store, 20, 18);
  CHECK(store.sizes()->used_bytes + store.sizes()->unused_bytes == erased.used_bytes + erased.unused_bytes);
}

}  // namespace pq::tests
