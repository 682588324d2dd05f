// A disk that is nearly full: what is taken in no more, what goes on, and the ballast that goes first.
#include "daemon/core/space.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/core/limits.h"
#include "daemon/store/ballast.h"
#include "tests/rooms.h"
#include "tests/unit/scenario.h"
#include "tests/unit/scratch_dir.h"
#include "tests/unit/small_disk.h"

namespace pq::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kibibyte = 1 << 10;
constexpr std::uint64_t mebibyte = 1 << 20;
constexpr std::uint64_t gibibyte = 1 << 30;

constexpr Space nearly_full{.disk_bytes = 100 * gibibyte, .free_bytes = gibibyte - 1};
constexpr Space with_room{.disk_bytes = 100 * gibibyte, .free_bytes = 2 * gibibyte};

Submit submission() {
  JobSpec spec;
  spec.range = thousand;
  return {{1, 1}, spec};
}

// Agent "a" has computed a job whose output the head has no space for.
struct NoSpaceForOutput : Scenario {
  JobId collecting_job;
  ScriptedAgent* a = nullptr;
  Taken lease;

  NoSpaceForOutput() {
    collecting_job = submits(collecting());
    a = &stranger("a").knows_only({Kernel::exec}).joins(1);
    lease = a->takes_lease();
    disk_is(nearly_full);
    a->reads();
  }

  Output printed(std::uint64_t seq) const {
    return {"a",
            a->introduction().incarnation,
            seq,
            {{collecting_job, lease.id, {0, 10}, 1, Stream::stderr_, false, {"said\n"}}},
            {{collecting_job, lease.id, {0, 10}, 0, true, {"collected\n"}}}};
  }
};

}  // namespace

// ---------------------------------------------------------------- how much

TEST_CASE("a twentieth of a disk is kept free and at most a gibibyte, and never over a quarter") {
  CHECK(reserve_of(2 * gibibyte, {}) == 2 * gibibyte / 20);
  CHECK(reserve_of(100 * gibibyte, {}) == gibibyte);
  CHECK(reserve_of(100 * gibibyte, 5 * gibibyte) == 5 * gibibyte);
  CHECK(reserve_of(8 * mebibyte, gibibyte) == 2 * mebibyte);
  CHECK(reserve_of(8 * mebibyte, 0) == 0);
  CHECK(reserve_of(0, {}) == 0);
}

TEST_CASE("the ballast grows with what is kept free, within bounds") {
  CHECK(ballast_of(0) == 0);
  CHECK(ballast_of(1) == limits::ballast_least);
  CHECK(ballast_of(64 * mebibyte) == 4 * mebibyte);
  CHECK(ballast_of(100 * gibibyte) == limits::ballast_most);
}

TEST_CASE("a disk is short of space below what is kept free, until there is somewhat more") {
  SpaceWatch watch({});
  CHECK_FALSE(watch.is_short());
  CHECK_FALSE(watch.look({100 * gibibyte, gibibyte}));
  CHECK(watch.look({100 * gibibyte, gibibyte - 1}));
  CHECK(watch.is_short());
  CHECK_FALSE(watch.look({100 * gibibyte, gibibyte + gibibyte / 20 - 1}));
  CHECK(watch.is_short());
  CHECK(watch.look({100 * gibibyte, gibibyte + gibibyte / 20}));
  CHECK_FALSE(watch.is_short());
}

TEST_CASE("where nothing shall be kept free, a full disk is not short of space") {
  SpaceWatch watch(0);
  CHECK_FALSE(watch.look({100 * gibibyte, 0}));
  CHECK_FALSE(watch.is_short());
}

// ---------------------------------------------------------------- what is taken in, and what goes on

TEST_CASE("a head that is short of space takes in no jobs and no files, and says what is free") {
  Scenario s;
  s.disk_is(nearly_full);
  CHECK(s.times(Happening::space_short) == 1);
  const std::string words = "1024 MiB of 100 GiB free, and 1 GiB to be kept free for steering";
  CHECK(s.is_refused(submission()) == Refusal{ErrorWord::short_of_space, words});
  CHECK(s.is_refused(PutFile{sha256_of("sim"), 3, 0, {"sim"}}).word == ErrorWord::short_of_space);
  CHECK(s.stored().files.empty());
  s.disk_is(with_room);
  CHECK(s.times(Happening::space_enough) == 1);
  s.submits(thousand);
}

TEST_CASE("a submission that was taken in before is answered as before, though space is short now") {
  Scenario s;
  const Submit submit = submission();
  const auto first = std::get<Submitted>(s.asks(submit));
  s.disk_is(nearly_full);
  CHECK(std::get<Submitted>(s.asks(submit)) == Submitted{first.job, true});
}

TEST_CASE("short of space, jobs are computed, steered and forgotten all the same") {
  Scenario s;
  ScriptedAgent& a = s.agent("a");
  const JobId counted = s.submits(thousand);
  const JobId other = s.submits(Range{0, 5000});
  s.disk_is(nearly_full);
  a.reads();
  a.finishes(a.takes_lease(), 168);
  CHECK(s.job(counted).value == value(168));
  s.steers(other, Steering::pause);
  s.steers(other, Steering::resume);
  CHECK(s.steers(other, Steering::cancel).state == JobState::cancelled);
  s.steers(counted, Steering::forget);
  CHECK_FALSE(s.stored().jobs.contains(counted));
  s.ends_amid_work();
}

TEST_CASE("agents hold what programs print until there is space, and then nothing of it is missing") {
  NoSpaceForOutput s;
  CHECK(s.a->orders().hold_output);
  s.a->send(s.printed(1));  // an older agent does not know of it
  CHECK(s.logs().empty());
  CHECK(s.outputs().empty());
  s.disk_is(with_room);
  s.a->reads();
  CHECK_FALSE(s.a->orders().hold_output);
  s.a->delivers(s.printed(1));
  CHECK(s.logs().size() == 1);
  CHECK(s.outputs() == std::vector<std::string>{"collected\n"});
  s.a->commits(s.lease, upto(10), std::nullopt);
  CHECK(s.job(s.collecting_job).state == JobState::done);
}

TEST_CASE("output that was stored before the disk became full is acknowledged again") {
  NoSpaceForOutput s;
  s.disk_is(with_room);
  s.a->reads();
  s.a->delivers(s.printed(1));
  s.disk_is(nearly_full);
  s.a->reads();
  CHECK(s.a->delivers(s.printed(1)).seq == 1);
  s.ends_amid_work();
}

TEST_CASE("a job whose output waits for space is told so first") {
  NoSpaceForOutput s;
  const auto reasons = std::get<Explanation>(s.asks(AskExplanation{s.collecting_job})).reasons;
  REQUIRE_FALSE(reasons.empty());
  CHECK(reasons.front().word == "short_of_space");
  CHECK(reasons.front().text ==
        "The disk of the head is short of space: 1024 MiB of 100 GiB free, and 1 GiB to be kept free for "
        "steering. "
        "Agents hold what its programs print until there is room.");
  s.ends_amid_work();
}

// ---------------------------------------------------------------- the ballast

TEST_CASE("the ballast is made where there is room beside what is kept free, and goes where there is none") {
  const std::uint64_t size = ballast_of(gibibyte);
  const auto step = [](bool is_there, std::uint64_t free) {
    return next_step(is_there, {.disk_bytes = 100 * gibibyte, .free_bytes = free}, {});
  };
  CHECK(step(false, gibibyte + size) == BallastStep::make);
  CHECK(step(false, gibibyte + size - 1) == BallastStep::none);
  CHECK(step(true, size) == BallastStep::none);
  CHECK(step(true, size - 1) == BallastStep::remove);
  CHECK(next_step(true, {.disk_bytes = 100 * gibibyte, .free_bytes = 50 * gibibyte}, 0) ==
        BallastStep::remove);
  CHECK(next_step(false, {.disk_bytes = 100 * gibibyte, .free_bytes = 50 * gibibyte}, 0) ==
        BallastStep::none);
}

TEST_CASE("a ballast takes its space, and gives it back when others fill the disk") {
  const ScratchDir scratch;
  const SmallDisk disk(scratch.path() / "disk");
  if (!disk.is_mounted()) return;
  const fs::path file = scratch.path() / "disk" / "ballast";
  const Ballast ballast(file, {});
  const auto free = [&] { return fs::space(file.parent_path()).available; };
  const auto before = free();
  ballast.make_way();
  CHECK_FALSE(fs::exists(file));
  ballast.look();
  REQUIRE(fs::exists(file));
  CHECK(before - free() == limits::ballast_least);
  ballast.look();
  CHECK(fs::exists(file));
  std::ofstream(file.parent_path() / "other") << std::string(free() - 4 * kibibyte, 'x');
  ballast.look();
  CHECK_FALSE(fs::exists(file));
  CHECK(free() >= limits::ballast_least);
  ballast.look();
  CHECK_FALSE(fs::exists(file));
}

}  // namespace pq::tests
