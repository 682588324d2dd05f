#include "tests/storage/life.h"

#include <set>

#include "daemon/store/sqlite.h"
#include "daemon/store/sqlite_store.h"
#include "tests/rooms.h"
#include "tests/unit/stored_rows.h"

namespace pq::storage {
namespace {

void commit(SqliteStore& store, Witness& witness, const Changes& changes) {
  witness.asks_for(changes);
  store.commit(changes);
  witness.is_acknowledged();
}

void work(SqliteStore& store, Witness& witness, Traffic& traffic, int turns) {
  for (int turn = 0; turn < turns; ++turn) {
    const Effects effects = traffic.turn();
    if (!effects.changes.is_empty()) commit(store, witness, effects.changes);
    traffic.send(effects);
  }
  if (const auto changes = traffic.forget_a_job()) commit(store, witness, *changes);
}

}  // namespace

std::string_view to_text(Stage stage) {
  switch (stage) {
    case Stage::opening:
      return "opening";
    case Stage::loading:
      return "loading";
    case Stage::beginning_epoch:
      return "beginning its epoch";
    case Stage::committing:
      return "committing";
    case Stage::reading_a_job:
      return "reading a job";
    case Stage::closing:
      return "closing";
    case Stage::over:
      return "over";
  }
  return "?";
}

End live(const StatePaths& paths, Witness& witness, Traffic& traffic, int turns, const EnterStage& enter) {
  Stage stage = Stage::opening;
  const auto go_to = [&](Stage next) { enter(stage = next); };
  try {
    go_to(Stage::opening);
    SqliteStore store(paths);
    go_to(Stage::loading);
    const Stored found = store.load();
    witness.finds(found);
    go_to(Stage::beginning_epoch);
    const Epoch epoch = traffic.draw_epoch();
    witness.asks_for(epoch);
    store.begin_epoch(epoch);
    witness.is_acknowledged();
    traffic.begin(epoch, found);
    go_to(Stage::committing);
    work(store, witness, traffic, turns);
    go_to(Stage::reading_a_job);
    if (!found.jobs.empty()) store.read_job(found.jobs.rbegin()->first);
    go_to(Stage::closing);
  } catch (const EnvironmentError& error) {
    return {stage, error};
  }
  return {};
}

void examine_disk(const StatePaths& paths, Witness& witness) try {
  witness.finds(SqliteStore(paths).load());
  Database database(paths.database());
  database.execute("PRAGMA locking_mode = EXCLUSIVE");
  const std::string sound = database.text("PRAGMA integrity_check");
  if (sound != "ok") throw Lost{sound};
  std::set<std::uint64_t> epochs;
  for (Statement rows(database, "SELECT epoch FROM epochs"); rows.step();) {
    epochs.insert(static_cast<std::uint64_t>(rows.integer(0)));
  }
  witness.finds(epochs);
} catch (const EnvironmentError& error) {
  throw Lost{error.what()};
}

}  // namespace pq::storage
