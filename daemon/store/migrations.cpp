#include "daemon/store/migrations.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "common/values/errors.h"
#include "daemon/store/schema.h"

namespace pq::store {
namespace {

std::int64_t version_of(Database& database) { return database.integer("PRAGMA user_version"); }

}  // namespace

std::span<const char* const> migrations() { return schema_steps; }

bool is_new(Database& database) {
  return database.integer("PRAGMA application_id") == 0 && version_of(database) == 0 &&
         database.integer("SELECT count(*) FROM sqlite_schema") == 0;
}

void refuse_foreign_log(const std::filesystem::path& path) {
  if (!has_foreign_log(path)) return;
  constexpr std::string_view text =
      "{0}-wal is not the log of {0}, but of the database that was here before; both are left as they are: "
      "move the "
      "log away if {0} is the one that you want";
  throw EnvironmentError(fmt::format(text, path.string()));
}

void refuse_unusable(Database& database, const std::filesystem::path& path, std::size_t versions_known,
                     std::string_view instead) {
  if (is_new(database)) return;
  if (database.integer("PRAGMA application_id") != application_id) {
    constexpr std::string_view text =
        "{} is the database of another program (application_id {:#x}); it is left as it is: {}";
    const auto id = static_cast<std::uint32_t>(database.integer("PRAGMA application_id"));
    throw EnvironmentError(fmt::format(text, path.string(), id, instead));
  }
  const std::int64_t version = version_of(database);
  if (version < 0 || version > static_cast<std::int64_t>(versions_known)) {
    constexpr std::string_view text =
        "{} has schema version {} and this pqd knows versions up to {}; it is left as it is: install the pq "
        "that "
        "wrote it, or a newer one";
    throw EnvironmentError(fmt::format(text, path.string(), version, versions_known));
  }
  database.expect_sound("PRAGMA quick_check(1)");
}

void migrate(Database& database, const std::filesystem::path& path, std::span<const char* const> steps) {
  for (auto version = static_cast<std::size_t>(version_of(database)); version < steps.size(); ++version) {
    try {
      Transaction step(database);
      database.execute(steps[version]);
      database.execute(fmt::format("PRAGMA application_id = {}", application_id).c_str());
      database.execute(fmt::format("PRAGMA user_version = {}", version + 1).c_str());
      step.commit();
    } catch (const SqliteError& error) {
      constexpr std::string_view text =
          "cannot bring {} from schema version {} to {}: {}; it is left at version {}: check the disk and "
          "its free "
          "space, then start pqd again";
      throw EnvironmentError(fmt::format(text, path.string(), version, version + 1, error.what(), version));
    }
  }
}

}  // namespace pq::store
