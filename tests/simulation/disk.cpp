#include "tests/simulation/disk.h"

#include "common/values/errors.h"
#include "tests/rooms.h"
#include "tests/simulation/truth.h"

namespace pq::simulation {

void Disk::begin_epoch(Epoch epoch) {
  if (is_full_) throw EnvironmentError("the disk is full");
  if (!model_.rows.epochs.insert(epoch).second)
    throw Broken{"lease_ids_never_repeat: an epoch was drawn twice"};
}

void Disk::commit(const Changes& changes) {
  if (doom == Doom::before_commit) throw Killed{};
  if (told_crowded_) check_nothing_fills(changes);
  const bool fails = is_full_ || doom == Doom::commit_unknown;
  if (!fails || dice_.one_in(2)) {
    ModelStore::commit(changes);
    commits_.push_back(changes);
  }
  if (doom == Doom::commit_unknown || doom == Doom::after_commit) throw Killed{};
  if (fails) throw EnvironmentError("the disk is full", ExitStatus::storage_failed);
}

// Whatever is steered and computed meanwhile, only rows that there are already change.
void Disk::check_nothing_fills(const Changes& changes) const {
  const bool fills = !changes.outputs.empty() || !changes.logs.empty() || !changes.file_parts.empty();
  if (fills) throw Broken{"a disk that is short of space takes in nothing: what programs print, or a file"};
  for (const auto& [id, job] : changes.jobs) {
    if (job && !model_.rows.jobs.contains(id))
      throw Broken{"a disk that is short of space takes in nothing: a job"};
  }
}

std::optional<StoreSizes> Disk::sizes() {
  constexpr std::uint64_t gibibyte = 1 << 30;
  told_crowded_ = is_crowded_;
  return StoreSizes{.disk_bytes = 100 * gibibyte, .disk_free_bytes = (is_crowded_ ? 1 : 50) * gibibyte - 1};
}

std::optional<Refusal> Disk::begin_backup(const std::string& /*name*/) {
  backup_turns_left_ = 1 + static_cast<int>(dice_.below(4));
  return std::nullopt;
}

std::optional<BackupEnd> Disk::continue_backup() {
  if (--backup_turns_left_ > 0) return std::nullopt;
  back_up();
  return BackedUp{"backup", 1};
}

}  // namespace pq::simulation
