// The head's claim on its state directory. The directory exists, belongs to this user, is on a local disk,
// no other user may enter it, and nobody else uses it while this object lives. The lock is flock(2) on a
// separate file. Closing any descriptor of a file drops a process's POSIX locks on it, so SQLite's own locks
// could vanish.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "common/os/paths.h"

namespace pq::store {

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

// Throws EnvironmentError if the directory has the keys of a head and no database: then the queue is lost or
// in another place, and an empty one would be taken for it. For heads that were not told to begin a new one.
void refuse_lost_queue(const StatePaths& paths);

// From now on this file is read from its disk. After a failed sync, Linux still shows pages that no later
// sync writes; what is appended after them is lost with them in a power cut. Does nothing if there is no such
// file.
void forget_cached(const std::filesystem::path& file);

// The name of the file system with this statfs(2) f_type, if several machines can share it: neither locks nor
// fsync are reliable there. FUSE counts as one, because nobody knows what is behind it.
std::optional<std::string_view> shared_file_system(std::uint32_t type);

}  // namespace pq::store
