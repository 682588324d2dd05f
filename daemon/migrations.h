// How a database file becomes one that this pq can use: whose file it is, whether it is whole, and the steps
// from every older version to today's. A file that is refused is left exactly as it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "daemon/sqlite.h"

namespace pq {

// 'pq01' at its place in the header of the file.
inline constexpr std::int64_t application_id = 0x70713031;

// Step i leads from version i to version i + 1.
std::span<const char* const> migrations();

// Nobody has written anything to it yet.
bool is_new(Database& database);

// Throws EnvironmentError if the file is another program's (`instead`: what to do about that) or of a version
// beyond `versions_known`, SqliteError if it is damaged. A new file passes.
void refuse_unusable(Database& database, const std::filesystem::path& path, std::size_t versions_known,
                     std::string_view instead = "pass another --state-dir");

// Throws EnvironmentError if the log beside the file is another database's. Before it is opened.
void refuse_foreign_log(const std::filesystem::path& path);

// Takes the steps that are missing, each in a transaction of its own: a step that fails (EnvironmentError)
// leaves the version before it.
void migrate(Database& database, const std::filesystem::path& path, std::span<const char* const> steps);

}  // namespace pq
