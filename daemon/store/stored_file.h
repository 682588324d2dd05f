// A database file that no head has open, read without changing it: a backup, or a copy of a state directory's
// pq.db with its log. The head itself reads its database through SqliteStore.
#pragma once

#include <filesystem>

#include "daemon/core/rows.h"

namespace pq::store {

// Everything in it, after SQLite's own check of every page and index. An older version is read as today's.
// Throws EnvironmentError if it is missing, in use, damaged, empty, from another program or of a newer
// version.
Stored read_stored_file(const std::filesystem::path& file);

}  // namespace pq::store
