// A head's life on a disk, as in main and the daemon's turn: the real store is opened and read, the epoch is
// begun, turn after turn is committed, and the store is closed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "common/os/paths.h"
#include "common/values/errors.h"
#include "tests/rooms.h"
#include "tests/storage/traffic.h"
#include "tests/storage/witness.h"

namespace pq::storage {

enum class Stage { opening, loading, beginning_epoch, committing, reading_a_job, closing, over };
std::string_view to_text(Stage stage);

// Where it ended, and with what error.
struct End {
  Stage stage = Stage::over;
  std::optional<EnvironmentError> error;
};

using EnterStage = std::function<void(Stage)>;

// `enter` is called with each stage before it begins. Throws Lost.
End live(const StatePaths& paths, Witness& witness, Traffic& traffic, int turns, const EnterStage& enter);

// Without faults: what is found must be what the witness knows, SQLite must find no fault with it, and all
// epochs must be there. Leaves one file behind. Throws Lost, also where the store refuses.
void examine_disk(const StatePaths& paths, Witness& witness);

}  // namespace pq::storage
