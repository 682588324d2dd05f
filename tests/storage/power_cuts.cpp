#include "tests/storage/power_cuts.h"

#include <fmt/format.h>

#include "tests/rooms.h"
#include "tests/storage/disk_vfs.h"
#include "tests/storage/life.h"
#include "tests/unit/scratch_dir.h"

namespace pq::storage {
namespace {

constexpr int lives_a_disk = 20;

class Disk {
 public:
  Disk(std::uint64_t seed, bool syncs, Tally& tally)
      : dice_(seed),
        disk_(dice_.bits(), Device{dice_.one_in(2) ? 4096U : 512U, syncs}),
        vfs_(disk_),
        traffic_(dice_.bits()),
        tally_(tally) {
    DiskVfs::stand_in(scratch_.state().database().string() + "-wal");
    if (!dice_.one_in(4)) vfs_.checkpoint_after(static_cast<int>(1 + dice_.below(60)));
  }

  void outlive() {
    for (int life = 0; life < lives_a_disk; ++life) end_one_head();
    examine_disk(scratch_.state(), witness_);
    tally_.acknowledged += witness_.acknowledged;
    tally_.survived += witness_.survived;
    tally_.vanished += witness_.vanished;
  }

 private:
  // A head that comes to its end closes the store; the power fails thereafter.
  void end_one_head() {
    constexpr Stage stages[] = {Stage::opening,    Stage::opening,    Stage::beginning_epoch,
                                Stage::committing, Stage::committing, Stage::committing,
                                Stage::committing, Stage::closing};
    const Stage fatal = stages[dice_.below(std::size(stages))];
    const std::uint64_t operations = 1 + dice_.below(1 + dice_.below(fatal == Stage::committing ? 150 : 80));
    // Now and then an operation fails as well, a sync for example: what a process then reads, the disk may
    // not hold.
    if (dice_.one_in(4)) disk_.plan({Outcome::failed, 1 + dice_.below(200), dice_.one_in(2)});
    const auto enter = [&](Stage stage) {
      if (stage == fatal) disk_.end_process_after(operations);
    };
    const End end = live(scratch_.state(), witness_, traffic_, static_cast<int>(dice_.below(20)), enter);
    if (!disk_.fault_befell().empty()) ++tally_.faults;
    if (end.error && !disk_.process_is_over() && disk_.fault_befell().empty()) throw Lost{end.error->what()};
    if (dice_.one_in(5)) {
      ++tally_.kills;
      disk_.start_process();
      return;
    }
    ++tally_.cuts;
    ++tally_.ends[moment_of(end)];
    disk_.restore_power();
  }

  std::string moment_of(const End& end) const {
    if (!disk_.process_is_over()) return "after its end";
    if (end.stage == Stage::over) return "closing";
    const bool in_database = disk_.last().ends_with("pq.db");
    if (end.stage == Stage::committing && in_database) return "in a checkpoint";
    return std::string(to_text(end.stage));
  }

  const ScratchDir scratch_;
  Dice dice_;
  FaultyDisk disk_;
  DiskVfs vfs_;
  Traffic traffic_;
  Witness witness_;
  Tally& tally_;
};

}  // namespace

std::optional<std::string> cut_power_of_one_disk(std::uint64_t seed, bool syncs, Tally& tally) try {
  Disk(seed, syncs, tally).outlive();
  return std::nullopt;
} catch (const Lost& lost) {
  return lost.what;
}

std::string to_text(const Tally& tally) {
  std::string ends;
  for (const auto& [stage, count] : tally.ends)
    ends += fmt::format("{}{} {}", ends.empty() ? "" : ", ", stage, count);
  constexpr std::string_view text =
      "{} power cuts ({}), {} kills and {} failed operations: {} requests acknowledged, none lost; of those "
      "in "
      "flight {} survived and {} vanished, each wholly";
  return fmt::format(text, tally.cuts, ends, tally.kills, tally.faults, tally.acknowledged, tally.survived,
                     tally.vanished);
}

}  // namespace pq::storage
