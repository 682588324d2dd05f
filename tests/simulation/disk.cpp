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
  const bool fails = is_full_ || doom == Doom::commit_unknown;
  if (!fails || dice_.one_in(2)) {
    ModelStore::commit(changes);
    commits_.push_back(changes);
  }
  if (doom == Doom::commit_unknown || doom == Doom::after_commit) throw Killed{};
  if (fails) throw EnvironmentError("the disk is full", ExitStatus::storage_failed);
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
