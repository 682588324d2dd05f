// Files on their way to the head, who needs them, and when they go.
#include "daemon/core/files.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "common/values/limits.h"
#include "daemon/core/limits.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"

namespace pq::tests {
namespace {

using namespace std::chrono_literals;

const std::string text = "ten bytes!";
const Sha256 hash = sha256_of(text);
const FileRef ref{"sim", hash, text.size(), FileKind::plain};

struct Head {
  Files files;
  ModelStore store;
  Now now{Instant{1h}, 0};

  tl::expected<FileStored, Refusal> puts(const PutFile& put) {
    Changes changes;
    auto stored = files.put(put, now, changes);
    store.commit(changes);
    return stored;
  }
  std::uint64_t puts(std::uint64_t offset, const std::string& part) {
    const auto stored = puts(PutFile{hash, text.size(), offset, {part}});
    REQUIRE(stored);
    CHECK(stored->hash == hash);
    return stored->upto;
  }
  void passes(Duration time) {
    now.instant = now.instant + time;
    Changes changes;
    files.settle(now, changes);
    store.commit(changes);
  }
  void restarts() {
    files = Files();
    files.restore(store.stored().files, now.instant);
  }
  // As an agent fetches it.
  std::string fetches() {
    std::string bytes;
    while (true) {
      const std::string part = store.read_file(hash, bytes.size());
      if (part.empty()) return bytes;
      bytes += part;
    }
  }
};

}  // namespace

TEST_CASE("a file comes in parts, and what is sent twice is there once") {
  Head head;
  CHECK(head.puts(0, "") == 0);  // how much is there?
  CHECK(head.puts(0, "ten ") == 4);
  CHECK(head.puts(0, "ten ") == 4);
  CHECK(head.puts(6, "tes!") == 4);  // a gap
  CHECK(head.files.first_missing({ref}) == ref);
  CHECK(head.puts(4, "bytes!") == 10);
  CHECK(head.puts(0, "") == 10);
  CHECK_FALSE(head.files.first_missing({ref}));
  CHECK(head.fetches() == text);
}

TEST_CASE("an empty file is there as soon as it is named") {
  Head head;
  const PutFile empty{sha256_of(""), 0, 0, {}};
  CHECK(head.puts(empty)->upto == 0);
  CHECK(head.files.size_of(sha256_of("")) == 0U);
}

TEST_CASE("bytes that do not have the hash are refused, and sent again from the begin") {
  Head head;
  const auto refused = head.puts(PutFile{hash, text.size(), 0, {"ten bites!"}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().word == ErrorWord::malformed);
  CHECK(head.fetches().empty());
  CHECK(head.puts(0, "") == 0);
  CHECK(head.puts(0, text) == 10);
  CHECK(head.fetches() == text);
}

TEST_CASE("a head that restarts amid a file asks for it from the begin; a whole one it keeps") {
  Head head;
  head.puts(0, "ten b");
  head.restarts();
  CHECK(head.puts(5, "ytes!") == 0);
  CHECK(head.puts(0, "te") == 2);  // in other parts than before
  CHECK(head.puts(2, text.substr(2)) == 10);
  head.restarts();
  CHECK_FALSE(head.files.first_missing({ref}));
  CHECK(head.fetches() == text);
}

TEST_CASE("a file goes an hour after the last job that needs it") {
  Head head;
  head.puts(0, text);
  head.files.need(JobId{7}, {ref});
  head.passes(10h);
  CHECK_FALSE(head.files.first_missing({ref}));
  head.files.release(JobId{7}, {ref}, head.now);
  head.passes(limits::unused_file_kept - 1s);
  CHECK_FALSE(head.files.first_missing({ref}));
  head.passes(1s);
  CHECK(head.files.first_missing({ref}));
  CHECK(head.fetches().empty());
  CHECK(head.store.stored().files.empty());
}

TEST_CASE("a job that has failed keeps its files for another try") {
  Head head;
  head.puts(0, text);
  head.files.need(JobId{7}, {ref});
  head.files.need_less(JobId{7}, {ref});
  head.passes(10h);
  CHECK_FALSE(head.files.first_missing({ref}));
}

TEST_CASE("where there is no room, files that nobody needs go first, then those of failed jobs, no others") {
  Head head;
  const auto room_for = limits::files_bytes_max / limits::file_bytes_max;
  const auto large = [](std::uint64_t n) {
    return PutFile{sha256_of(std::to_string(n)), limits::file_bytes_max, 0, {}};
  };
  head.puts(0, text);  // so one large file too few fits
  head.files.need(JobId{1}, {ref});
  for (std::uint64_t n = 1; n < room_for; ++n) CHECK(head.puts(large(n)));
  const auto refused = head.puts(large(room_for));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().word == ErrorWord::too_much);
  head.files.need_less(JobId{1}, {ref});
  CHECK(head.puts(large(room_for)));
  CHECK(head.files.first_missing({ref}));
  CHECK_FALSE(head.puts(PutFile{hash, limits::file_bytes_max + 1, 0, {}}));
}

}  // namespace pq::tests
