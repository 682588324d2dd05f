// Makes a database file usable for this pq: checks whose file it is and whether it is sound, and takes the
// steps from every older version to today's. A refused file stays exactly as it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "daemon/store/sqlite.h"

namespace pq::store {

// 'pq01', at its place in the file's header.
inline constexpr std::int64_t application_id = 0x70713031;

// Step i leads from version i to version i + 1.
std::span<const char* const> migrations();

// Nothing has been written to it yet.
bool is_new(Database& database);

// Throws EnvironmentError if the file belongs to another program (`instead`: what to do about that) or has a
// version beyond `versions_known`, SqliteError if it is damaged. A new file passes.
void refuse_unusable(Database& database, const std::filesystem::path& path, std::size_t versions_known,
                     std::string_view instead = "pass another --state-dir");

// Throws EnvironmentError if the log beside the file belongs to another database. Call before opening the
// file.
void refuse_foreign_log(const std::filesystem::path& path);

// Takes the missing steps, each in its own transaction. A step that fails (EnvironmentError) leaves the
// version before it.
void migrate(Database& database, const std::filesystem::path& path, std::span<const char* const> steps);

}  // namespace pq::store
