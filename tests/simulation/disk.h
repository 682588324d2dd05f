// The head's database in a simulation. Commits are all or nothing, and durable when they return. It can be
// full or nearly so, can end the head before or after a commit, and keeps an old backup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/dice.h"
#include "tests/rooms.h"
#include "tests/unit/model_store.h"

namespace pq::simulation {

// Where the head's process ends in its next turn, as by kill -9 or a power cut.
enum class Doom { none, before_commit, after_commit, amid_sending, commit_unknown };

// Thrown through the turn: the process is gone.
struct Killed {};

class Disk final : public ModelStore {
 public:
  explicit Disk(Dice& dice) : dice_(dice) {}

  void begin_epoch(Epoch epoch) override;
  void commit(const Changes& changes) override;
  std::optional<Refusal> begin_backup(const std::string& name) override;
  std::optional<BackupEnd> continue_backup() override;
  std::optional<StoreSizes> sizes() override;

  // The changes of the commits since this was asked last.
  std::vector<Changes> take_commits() { return std::exchange(commits_, {}); }

  void back_up() { backup_ = model_; }
  void restore() { model_ = backup_; }
  void fill(bool full) { is_full_ = full; }
  void crowd(bool crowded) { is_crowded_ = crowded; }

  Doom doom = Doom::none;

 private:
  void check_nothing_fills(const Changes& changes) const;

  Dice& dice_;
  Model backup_;
  std::vector<Changes> commits_;
  int backup_turns_left_ = 0;
  bool is_full_ = false;
  bool is_crowded_ = false;
  bool told_crowded_ = false;  // what the head was told in this turn
};

}  // namespace pq::simulation
