// A database file that no head has open, read without changing it: a backup, or the copy of a state
// directory's pq.db with its log beside it. The head itself reads its database through SqliteStore.
#pragma once

#include <filesystem>

#include "daemon/core/rows.h"

namespace pq {

// All that is in it, after SQLite's own check of every page and index. An older version is read as today's.
// Throws EnvironmentError if it is not there, in use, damaged, empty, another program's or of a newer
// version.
Stored read_stored_file(const std::filesystem::path& file);

}  // namespace pq
