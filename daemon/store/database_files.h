// The database and its log, as the directory names them. SQLite keeps both open and never looks at their
// names again. So a head whose files were removed or replaced would acknowledge into files that nobody finds.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "common/values/rooms.h"

namespace pq::store {

class DatabaseFiles {
 public:
  explicit DatabaseFiles(const std::filesystem::path& database);

  const std::filesystem::path& database() const { return database_.path; }
  const std::filesystem::path& log() const { return log_.path; }

  struct Loss {
    std::string what;         // which file, and what has become of it
    bool log_is_all = false;  // the database is in its place
  };

  // What has become of a file that was seen before; nothing: each is where it was. A file is seen by the
  // first look that finds it. Two system calls.
  std::optional<Loss> look();

 private:
  struct Watched {
    std::filesystem::path path;
    bool is_seen = false;
    dev_t device = 0;
    ino_t number = 0;
  };

  static std::optional<std::string> look_at(Watched& file);

  Watched database_;
  Watched log_;
};

}  // namespace pq::store
