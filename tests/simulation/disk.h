// The head's database in a simulation: commits are all or nothing, and durable when they return. It can be
// full, can be told to end the head before or after a commit, and keeps an old backup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store.h"
#include "tests/dice.h"

namespace pq::simulation {

// Where the head's process ends in its next turn, as kill -9 or the power does.
enum class Doom { none, before_commit, after_commit, amid_sending, commit_unknown };

// Thrown through the turn: the process is gone.
struct Killed {};

class Disk final : public Store {
 public:
  explicit Disk(Dice& dice) : dice_(dice) {}

  Stored load() override { return stored_; }
  void begin_epoch(Epoch epoch) override;
  void commit(const Changes& changes) override;
  std::optional<Stored> read_job(JobId job) override;
  std::optional<Refusal> begin_backup(const std::string& name) override;
  std::optional<BackupEnd> continue_backup() override;

  const Stored& stored() const { return stored_; }
  // The changes of the commits since this was asked last.
  std::vector<Changes> take_commits() { return std::exchange(commits_, {}); }

  void back_up() { backup_ = stored_; }
  void restore() { stored_ = backup_; }
  void fill(bool full) { is_full_ = full; }

  Doom doom = Doom::none;

 private:
  Dice& dice_;
  Stored stored_;
  Stored backup_;
  std::vector<Changes> commits_;
  int backup_turns_left_ = 0;
  bool is_full_ = false;
};

}  // namespace pq::simulation
