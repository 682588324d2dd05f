// What a run does to the files that it finds, of all kinds, and what the next run and other slots find then.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/limits.h"
#include "agent/programs/file_cache.h"
#include "agent/programs/job_files.h"
#include "agent/programs/scratch.h"
#include "tests/rooms.h"
#include "tests/unit/scratch_dir.h"

namespace {

using namespace pq;
using namespace pq::tests;
namespace fs = std::filesystem;

// Some megabytes that no file system could hold in its directory.
std::string large_text() { return std::string(limits::copied_file_bytes_max + 100, 'x'); }

// An agent's files, with two slots.
class Laid {
 public:
  explicit Laid(fs::path dir = {}) : dir_(std::move(dir)) {
    if (dir_.empty()) dir_ = own_.path();
    shelf_.emplace(dir_ / "jobs", dir_ / "files");
    for (int slot = 0; slot < 2; ++slot) scratches_.emplace_back(dir_ / "slots" / std::to_string(slot));
    fs::create_directories(dir_ / "files");
  }

  void has(const std::string& name, const std::string& text, FileKind kind = FileKind::plain) {
    const Sha256 hash = sha256_of(text);
    std::ofstream(cached(hash), std::ios::binary) << text;
    program_.files.push_back({name, hash, text.size(), kind});
  }
  // A directory with `number`, `run.sh`, `sub/deep` and the link `alias`.
  void has_tree() {
    const std::string make =
        "mkdir -p tree/sub && cd tree && echo 33 > number && echo deep > sub/deep && "
        "echo '#!/bin/sh' > run.sh && chmod 755 run.sh && ln -s number alias && "
        "chmod 555 sub && tar --mtime=@0 -cf ../tree.tar .";
    REQUIRE(system(("cd " + own_.path().string() + " && " + make).c_str()) == 0);
    has("sim", bytes_of(own_.path() / "tree.tar"), FileKind::directory);
  }
  // What compute() of a slot does before a run. Returns the flaw, if any.
  std::optional<FilesFlaw> prepare(std::size_t slot = 0) {
    if (!files_[slot]) {
      auto found = shelf_->find(order());
      if (!found) return found.error();
      files_[slot] = *found;
    }
    const auto ready = scratches_[slot].prepare(files_[slot]);
    return ready ? std::nullopt : std::optional(ready.error());
  }
  void renew(std::size_t slot) { files_[slot] = shelf_->renew(order(), files_[slot]).value(); }
  bool sees_changes(std::size_t slot = 0) { return scratches_[slot].shares_what_was_changed(); }
  // A run: what it prints.
  std::string runs(const std::string& script, std::size_t slot = 0) {
    REQUIRE_FALSE(prepare(slot).has_value());
    const std::string out = (own_.path() / "out").string();
    const std::string command = "cd " + at(slot).string() + " && { " + script + "\n} > " + out + " 2>&1";
    CHECK(system(command.c_str()) == 0);
    return bytes_of(out);
  }
  const fs::path& at(std::size_t slot = 0) { return scratches_[slot].path(); }
  fs::path cached(const Sha256& hash) { return dir_ / "files" / to_text(hash); }
  const std::vector<FileRef>& refs() const { return program_.files; }
  void forget_jobs() {
    for (auto& files : files_) files.reset();
    for (auto& scratch : scratches_) CHECK(scratch.prepare(nullptr).has_value());
    shelf_.emplace(dir_ / "jobs", dir_ / "files");
  }

 private:
  JobOrder order() const {
    return {.job = {7}, .kernel = Kernel::exec, .fold = Fold::sum, .program = program_};
  }

  ScratchDir own_;
  fs::path dir_;
  Program program_;
  std::optional<JobFilesShelf> shelf_;
  std::vector<Scratch> scratches_;
  std::shared_ptr<const JobFiles> files_[2];
};

const std::string everything =
    "ls -lAR --time-style=+ | grep -v ^total | awk '{print $1,$2,$5,$6,$7,$8}'; cat data sim/number "
    "sim/sub/deep sim/alias; "
    "./prog";

// Each is what a run may do to what it finds. `:` does nothing.
const std::vector<std::string> deeds = {
    "echo more >> data",
    "chmod u+w data; echo more >> data",
    "printf X | dd of=data conv=notrunc bs=1 status=none",  // the same size
    "chmod 000 data",
    ": > data",
    "rm data",
    "mv data other",
    "cp data other; echo 1 >> other; mv other data",
    "ln data again; echo more >> again; rm again",
    "rm data; ln -s /etc/passwd data",
    "rm data; mkdir data; touch data/x",
    "touch -d @77 data",
    "echo echo no > prog",
    "chmod -x prog",
    "chmod u+w prog; echo 'echo more' >> prog",
    "echo 34 > sim/number",
    "echo x > sim/new; mkdir -p sim/a/b; touch sim/a/b/c",
    "echo x > sim/new; rm sim/new",
    "chmod 700 sim/sub; echo x > sim/sub/new",
    "chmod 700 sim/sub; echo x > sim/sub/deep",
    "rm sim/alias; echo x > sim/alias",
    "rm sim/alias; ln -s run.sh sim/alias",
    "mv sim old; mkdir sim; echo 35 > sim/number",
    "mv sim ../sim-away; ln -s ../sim-away sim; rm -rf ../sim-away",
    "rm -rf sim",
    "chmod 000 sim",
    "chmod 000 sim/sub sim/number",
    "rm -rf * .[a-z]*; touch x",
    "cp -a . /dev/null 2>/dev/null; rm -rf \"$(pwd)\"",
    "mkfifo pipe; ln -s / root; touch -- '-rf' 'a b'",
};

void do_all(Laid& laid) {
  laid.has("data", "1\n2\n3\n");
  laid.has("prog", "#!/bin/sh\necho right\n", FileKind::executable);
  laid.has_tree();
  const std::string first = laid.runs(everything);
  CHECK(says(first, "right"));
  CHECK(laid.runs(everything, 1) == first);
  for (const std::string& deed : deeds) {
    CAPTURE(deed);
    laid.runs(deed + "; :");
    CHECK(laid.runs(everything, 1) == first);
    CHECK(laid.runs(everything) == first);
    CHECK(bytes_of(laid.cached(laid.refs()[0].hash)) == "1\n2\n3\n");
  }
}

}  // namespace

TEST_CASE("whatever a run does to its files, the next one finds them as they were sent") {
  Laid laid;
  do_all(laid);
}

TEST_CASE("the same where the files are in memory, whose times do not tell of every write") {
  const fs::path memory = "/dev/shm/pq-test-" + std::to_string(getpid());
  {
    Laid laid(memory);
    do_all(laid);
  }
  fs::remove_all(memory);
}

TEST_CASE("a write through a mapping is seen, wherever the files are") {
  for (const std::string& dir : {std::string(), "/dev/shm/pq-test-map-" + std::to_string(getpid())}) {
    Laid laid(dir);
    laid.has("data", "0123456789");
    REQUIRE_FALSE(laid.prepare().has_value());
    const Descriptor file(open((laid.at() / "data").c_str(), O_RDWR));
    REQUIRE(file.is_open());
    char* const bytes =
        static_cast<char*>(mmap(nullptr, 10, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0));
    REQUIRE(bytes != MAP_FAILED);
    const volatile char seen = bytes[0];
    CHECK(seen == '0');
    bytes[0] = '9';
    munmap(bytes, 10);
    CHECK(laid.runs("cat data") == "0123456789");
    if (!dir.empty()) fs::remove_all(dir);
  }
}

TEST_CASE("what no run has changed is not made again") {
  Laid laid;
  laid.has("data", "1\n");
  laid.has_tree();
  const std::string inodes = "ls -iR";
  const std::string first = laid.runs(inodes);
  CHECK(laid.runs(inodes + "; cat data sim/number > /dev/null") == first);
  CHECK(laid.runs(inodes) == first);
  laid.runs("echo 1 > sim/result; echo 2 > sim/number");
  const std::string after = laid.runs("ls -i data sim/run.sh sim/sub/deep");
  CHECK(says(first, after.substr(0, after.find(' '))));  // only what was changed is another file
}

TEST_CASE("what is large is shared until a run writes to it, and then each has its own") {
  Laid laid;
  laid.has("big", large_text());
  for (const std::size_t slot : {0U, 1U})
    CHECK(laid.runs("wc -c < big", slot) == std::to_string(large_text().size()) + "\n");
  CHECK(fs::is_symlink(laid.at() / "big"));
  CHECK_FALSE(laid.sees_changes(1));
  for (const std::string deed :
       {"chmod u+w big; echo more >> big", "f=$(readlink big); rm -f $f",
        "f=$(readlink big); chmod u+w $f; printf y | dd of=$f conv=notrunc status=none"}) {
    CAPTURE(deed);
    laid.forget_jobs();
    for (const std::size_t slot : {0U, 1U}) laid.runs(":", slot);
    laid.runs(deed);
    CHECK(laid.sees_changes(0));
    CHECK(laid.sees_changes(1));  // its run may have read it
    for (const std::size_t slot : {1U, 0U}) {
      laid.renew(slot);
      CHECK(laid.runs("wc -c < big; tr -d x < big", slot) == std::to_string(large_text().size()) + "\n");
    }
    laid.runs("echo more >> big");
    CHECK_FALSE(laid.sees_changes(1));
    CHECK(laid.runs("wc -c < big", 1) == std::to_string(large_text().size()) + "\n");
  }
}

TEST_CASE("an original that is not what was sent any more is made anew, from what is") {
  Laid laid;
  laid.has_tree();
  laid.runs(":");
  const std::string jobs = (laid.at() / "../../jobs").string();
  laid.runs(
      "for f in $(find ../../../jobs ../../jobs -name number 2>/dev/null); do chmod 700 $f; echo 9 > $f; "
      "done; echo 8 > sim/number");
  const auto flaw = laid.prepare();
  REQUIRE(flaw.has_value());
  CHECK(flaw->kind == FilesFlaw::Kind::original_changed);
  laid.renew(0);
  CHECK(laid.runs("cat sim/number") == "33\n");
}

TEST_CASE("a cached file that was written to is no source of anything, and is fetched anew") {
  Laid laid;
  laid.has("data", "0123456789");
  const fs::path cached = laid.cached(laid.refs()[0].hash);
  std::ofstream(cached) << "9876543210";
  const auto flaw = laid.prepare();
  REQUIRE(flaw.has_value());
  CHECK(flaw->kind == FilesFlaw::Kind::cache_changed);
  fs::remove(cached);
  CHECK(laid.prepare()->kind == FilesFlaw::Kind::cache_changed);
  std::ofstream(cached) << "0123456789";
  CHECK(laid.runs("cat data") == "0123456789");
}

TEST_CASE("a list is read from a copy that nobody can reach") {
  const ScratchDir dir;
  const std::string text = "one\ntwo\n";
  const FileRef ref{"list", sha256_of(text), text.size(), FileKind::plain};
  const fs::path cached = dir.path() / "cached";
  std::ofstream(cached) << text;
  const auto list = ItemList::open(ref, cached, dir.path() / "copy");
  REQUIRE(list.has_value());
  std::ofstream(cached, std::ios::in) << "ONE\nTWO\n";
  CHECK((*list)->item(2) == "two");
  const auto other = ItemList::open(ref, cached, dir.path() / "copy");
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().kind == FilesFlaw::Kind::cache_changed);
}
