#include "agent/programs/file_cache.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace {

using namespace pq;
using namespace pq::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr Instant start{100s};

// A cache, and a head with these files.
class Fetching {
 public:
  explicit Fetching(std::uint64_t bytes_max = 1 << 20) : bytes_max_(bytes_max) { begin(); }

  void begin() { cache_.emplace(FileCache::Settings{dir(), dir_.path() / "parts", bytes_max_, "a", {1}}); }
  fs::path dir() const { return dir_.path() / "files"; }
  FileCache& cache() { return *cache_; }

  FileRef file(const std::string& text) {
    texts_.push_back(text);
    return {"data", sha256_of(text), text.size(), FileKind::plain};
  }

  // Answers whatever is asked, in small parts, until the files are here or cannot be had.
  tl::expected<bool, std::string> get(const std::vector<FileRef>& files) {
    for (int i = 0; i < 1000; ++i) {
      cache_->look();
      const auto has = cache_->has(files);
      if (!has || *has) return has;
      if (const auto asked = cache_->next_message(start)) cache_->hear(answer(*asked));
    }
    return false;
  }
  FilePart answer(const WantFile& asked) {
    ++asked_;
    for (const std::string& text : texts_) {
      if (sha256_of(text) != asked.hash) continue;
      return {asked.hash, asked.offset, text.size(), {text.substr(asked.offset, 3)}};
    }
    return {asked.hash, asked.offset, 1, {}};
  }
  int asked() const { return asked_; }

 private:
  ScratchDir dir_;
  std::uint64_t bytes_max_;
  std::optional<FileCache> cache_;
  std::vector<std::string> texts_;
  int asked_ = 0;
};

TEST_CASE("a file is fetched in parts, once, and kept under its hash") {
  Fetching f;
  const std::vector<FileRef> files{f.file("0123456789"), f.file(""), f.file("abc")};
  CHECK(f.get(files) == true);
  CHECK(f.asked() == 5);
  CHECK(bytes_of(f.dir() / to_text(files[0].hash)) == "0123456789");
  CHECK(fs::exists(f.dir() / to_text(files[1].hash)));
  CHECK(f.get(files) == true);
  CHECK(f.asked() == 5);
  CHECK(f.cache().next_deadline() == Instant::never());
}

TEST_CASE("one request is on its way, and again when no answer comes") {
  Fetching f;
  const FileRef file = f.file("0123456789");
  CHECK(f.cache().has({file}) == false);
  CHECK(f.cache().next_message(start).has_value());
  CHECK_FALSE(f.cache().next_message(start + 4999ms).has_value());
  CHECK(f.cache().next_deadline() == start + 5s);
  const auto again = f.cache().next_message(start + 5s);
  REQUIRE(again.has_value());
  CHECK(again->offset == 0);
  f.cache().hear(f.answer(*again));
  f.cache().hear(f.answer(*again));  // twice
  CHECK(f.cache().next_message(start + 5s)->offset == 3);
  f.cache().reach_head();
  CHECK(f.cache().next_message(start + 5s)->offset == 3);
}

TEST_CASE("an agent that begins anew asks by its other name, at once") {
  Fetching f;
  CHECK(f.cache().has({f.file("0123456789")}) == false);
  REQUIRE(f.cache().next_message(start).has_value());
  CHECK_FALSE(f.cache().next_message(start).has_value());
  f.cache().begin_anew("b", {78});
  const auto asked = f.cache().next_message(start);
  REQUIRE(asked.has_value());
  CHECK(asked->name == "b");
  CHECK(asked->incarnation == Incarnation{78});
}

TEST_CASE("a file that the head does not have cannot be had, and is asked for again") {
  Fetching f;
  const FileRef missing{"data", sha256_of("gone"), 4, FileKind::plain};
  const auto has = f.get({missing});
  REQUIRE_FALSE(has.has_value());
  CHECK(has.error() == "the head does not have file data any more");
  f.file("gone");
  CHECK(f.get({missing}) == true);
}

TEST_CASE("bytes that are not the file's are refused") {
  Fetching f;
  FileRef file = f.file("0123456789");
  CHECK(f.cache().has({file}) == false);
  f.cache().next_message(start);
  f.cache().hear({file.hash, 0, 10, {"9876543210"}});
  const auto has = f.cache().has({file});
  REQUIRE_FALSE(has.has_value());
  CHECK(says(has.error(), "another content than its hash says"));
  CHECK_FALSE(fs::exists(f.dir() / to_text(file.hash)));
  file.bytes = 11;
  const auto other = f.get({file});
  REQUIRE_FALSE(other.has_value());
  CHECK(says(other.error(), "another file in the place of data"));
}

TEST_CASE("a file of an earlier life is used if it is whole, else fetched anew") {
  Fetching f;
  const FileRef file = f.file("0123456789");
  CHECK(f.get({file}) == true);
  const int asked = f.asked();
  f.begin();
  CHECK(f.get({file}) == true);
  CHECK(f.asked() == asked);
  for (const char* const damage : {"0123456780", "012"}) {
    fs::remove(f.dir() / to_text(file.hash));
    std::ofstream(f.dir() / to_text(file.hash)) << damage;
    f.begin();
    CHECK(f.get({file}) == true);
    CHECK(bytes_of(f.dir() / to_text(file.hash)) == "0123456789");
  }
  fs::remove(f.dir() / to_text(file.hash));  // somebody has cleaned up
  CHECK(f.get({file}) == true);
}

TEST_CASE("a file that somebody has written to is hashed again, and fetched anew if it is another") {
  Fetching f;
  const FileRef file = f.file("0123456789");
  CHECK(f.get({file}) == true);
  const int asked = f.asked();
  const fs::path path = f.dir() / to_text(file.hash);
  fs::permissions(path, fs::perms::owner_all);
  CHECK(f.get({file}) == true);
  CHECK(f.asked() == asked);  // still the same bytes
  std::ofstream(path, std::ios::in) << "9";
  CHECK(f.get({file}) == true);
  CHECK(f.asked() > asked);
  CHECK(bytes_of(path) == "0123456789");
}

TEST_CASE("what is too much goes, the longest unused first, but nothing that is in use") {
  Fetching f(25);
  const FileRef first = f.file("1111111111");
  const FileRef second = f.file("2222222222");
  const FileRef third = f.file("3333333333");
  const auto path = [&](const FileRef& file) { return f.dir() / to_text(file.hash); };
  for (const FileRef& file : {first, second, third}) CHECK(f.get({file}) == true);
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(path(first), now - 3h);
  fs::last_write_time(path(second), now - 2h);
  f.cache().make_room({first.hash});
  CHECK(fs::exists(path(first)));
  CHECK_FALSE(fs::exists(path(second)));
  CHECK(fs::exists(path(third)));
  CHECK(f.get({second}) == true);
  const auto too_much = f.get({f.file(std::string(26, 'x'))});
  REQUIRE_FALSE(too_much.has_value());
  CHECK(says(too_much.error(), "--cache-size"));
}

}  // namespace
