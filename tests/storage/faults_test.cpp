// Each operation of a head's life fails, once or from then on: the Nth, for every N until none is left to
// fail. The reported error must be true and useful, and what was acknowledged must survive it and a power
// cut.
#include <doctest/doctest.h>

#include <cstdio>
#include <optional>
#include <string>

#include "tests/rooms.h"
#include "tests/storage/disk_vfs.h"
#include "tests/storage/life.h"
#include "tests/storage/options.h"
#include "tests/storage/scarce_memory.h"
#include "tests/unit/scratch_dir.h"

namespace pq::storage {
namespace {

constexpr Device usual_device;
constexpr int pages_a_checkpoint = 8;  // some of each life's commits are followed by one

void no_matter(Stage /*stage*/) {}

// The state in which a life begins.
struct Before {
  FaultyDisk::Image image;
  Witness witness;
  Traffic traffic{1};
};

// A head was here and was killed: there is a database, and a log that the next one must read.
Before after_a_kill(const StatePaths& paths) {
  Before before;
  FaultyDisk disk(1, usual_device);
  DiskVfs vfs(disk);
  vfs.checkpoint_after(20);
  live(paths, before.witness, before.traffic, 30, [&](Stage stage) {
    if (stage == Stage::closing) disk.end_process();
  });
  before.image = disk.image();
  return before;
}

void check_is_clear(const End& end, bool looks_damaged) {
  if (!end.error) return;
  const std::string text = end.error->what();
  const bool is_commit = end.stage == Stage::committing;
  CHECK(end.error->status() == (is_commit ? ExitStatus::storage_failed : ExitStatus::failed));
  CHECK_MESSAGE(says(text, "/pq.db"), text);
  CHECK_MESSAGE((says(text, "then start pqd again") || (looks_damaged && says(text, "restore a backup"))),
                text);
  CHECK_MESSAGE(says(text, "nothing that was acknowledged is lost") == is_commit, text);
  for (const char* nonsense : {"\n", "not an error", "unknown error", "SQL logic error"}) {
    CHECK_MESSAGE(!says(text, nonsense), text);
  }
}

enum class Trouble { operation_fails, disk_is_full, read_ends_early, memory_runs_out };

constexpr Outcome outcome_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::disk_is_full:
      return Outcome::is_full;
    case Trouble::read_ends_early:
      return Outcome::ends_early;
    default:
      return Outcome::failed;
  }
}

// The Nth time that it can.
struct Nth {
  Trouble trouble = Trouble::operation_fails;
  bool lasts = false;
  std::uint64_t at = 1;
};

// One life in trouble; then the power fails, or only the process is gone. One without trouble; then the power
// fails. Throws Lost. False: there was nothing left to befall.
bool befalls(const Nth& nth, std::uint64_t seed, const StatePaths& paths, const Before& before) {
  FaultyDisk disk(seed, usual_device, before.image);
  DiskVfs vfs(disk);
  if (seed % 4 < 2) vfs.checkpoint_after(pages_a_checkpoint);
  Witness witness = before.witness;
  Traffic traffic = before.traffic;
  bool has_come = false;
  {
    std::optional<MemoryFault> memory;
    if (nth.trouble == Trouble::memory_runs_out) {
      memory.emplace(nth.at, nth.lasts);
    } else {
      disk.plan({outcome_of(nth.trouble), nth.at, nth.lasts});
    }
    const End end = live(paths, witness, traffic, 6, no_matter);
    has_come = memory ? memory->has_come() : !disk.fault_befell().empty();
    INFO("it befell: ", disk.fault_befell());
    check_is_clear(end, nth.trouble == Trouble::read_ends_early);
  }
  CHECK(vfs.files_open() == 0);
  seed % 2 == 0 ? disk.restore_power() : disk.start_process();
  // It does not come to close its files: what it has acknowledged must be durable without.
  const End next = live(paths, witness, traffic, 3, [&](Stage stage) {
    if (stage == Stage::closing) disk.end_process();
  });
  if (next.error) throw Lost{next.error->what()};
  disk.restore_power();
  examine_disk(paths, witness);
  return has_come;
}

// How many there are. There are so many allocations that a short run takes every seventh.
std::uint64_t befall_each(Trouble trouble, bool lasts, const StatePaths& paths, const Before& before) {
  const bool samples = trouble == Trouble::memory_runs_out && !options.every_allocation;
  std::uint64_t count = 0;
  for (Nth nth{trouble, lasts, 1};; nth.at += samples ? 7 : 1) {
    CAPTURE(lasts);
    CAPTURE(nth.at);
    bool has_come = false;
    for (std::uint64_t luck = 0; luck < (samples ? 1 : 4); ++luck) {
      try {
        has_come |= befalls(nth, 4 * nth.at + luck + (samples ? nth.at / 7 : 0), paths, before);
      } catch (const Lost& lost) {
        FAIL(lost.what);
      }
    }
    if (!has_come) return count;
    ++count;
  }
}

void befall_each(Trouble trouble, const char* told) {
  const ScratchDir scratch;
  DiskVfs::stand_in(scratch.state().database().string() + "-wal");
  std::uint64_t count = 0;
  for (const Before& before : {Before{}, after_a_kill(scratch.state())}) {
    count += befall_each(trouble, false, scratch.state(), before);
    count += befall_each(trouble, true, scratch.state(), before);
  }
  CHECK(count > 50);
  std::printf("faults: %llu times %s, and nothing lost\n", static_cast<unsigned long long>(count), told);
}

}  // namespace

TEST_CASE("whichever operation fails, the store says so and loses nothing") {
  befall_each(Trouble::operation_fails, "an operation failed");
}

TEST_CASE("whenever the disk is full, the store says so and loses nothing") {
  befall_each(Trouble::disk_is_full, "the disk was full");
}

TEST_CASE("whichever read ends early, the store says so and loses nothing") {
  befall_each(Trouble::read_ends_early, "a read ended early");
}

TEST_CASE("whenever memory runs out, the store says so and loses nothing") {
  befall_each(Trouble::memory_runs_out, "memory ran out");
}

}  // namespace pq::storage
