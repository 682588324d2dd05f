// The head's claim on its state directory: it exists, is this user's, is on a local disk, and is nobody
// else's while this lives. The lock is flock(2) on a file of its own: closing any descriptor of a file drops
// a process's POSIX locks on it, so SQLite's locks alone could vanish.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "common/os/paths.h"

namespace pq {

class StateDirClaim {
 public:
  // Creates the directory (mode 0700) and its parents if there is none. Throws EnvironmentError.
  explicit StateDirClaim(const StatePaths& paths);
  ~StateDirClaim();
  StateDirClaim(const StateDirClaim&) = delete;
  StateDirClaim& operator=(const StateDirClaim&) = delete;

 private:
  int lock_fd_;
};

// From here on this file is read from its disk. A sync that failed leaves pages that no later sync writes,
// and Linux goes on showing them: what is appended after them is lost with them when the power fails. Nothing
// if there is no such file.
void forget_cached(const std::filesystem::path& file);

// The name of the file system with this statfs(2) f_type if several machines can share it: there neither
// locks nor fsync can be relied on. FUSE counts as one, for nobody knows what is behind it.
std::optional<std::string_view> shared_file_system(std::uint32_t type);

}  // namespace pq
