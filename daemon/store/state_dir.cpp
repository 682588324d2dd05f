#include "daemon/store/state_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "common/values/errors.h"

namespace pq::store {
namespace {

namespace fs = std::filesystem;

struct SharedFileSystem {
  std::uint32_t type;
  std::string_view name;
};

// From statfs(2) and linux/magic.h, which lacks half of these.
constexpr std::array shared_file_systems = {
    SharedFileSystem{0x6969, "NFS"},
    SharedFileSystem{0x517B, "SMB"},
    SharedFileSystem{0xFF534D42, "CIFS"},
    SharedFileSystem{0xFE534D42, "SMB2"},
    SharedFileSystem{0x65735546, "FUSE"},
    SharedFileSystem{0x01021997, "9p"},
    SharedFileSystem{0x00C36400, "Ceph"},
    SharedFileSystem{0x0BD00BD0, "Lustre"},
    SharedFileSystem{0x47504653, "GPFS"},
    SharedFileSystem{0x19830326, "BeeGFS"},
    SharedFileSystem{0x5346414F, "AFS"},
    SharedFileSystem{0x6B414653, "AFS"},
    SharedFileSystem{0x73757245, "Coda"},
    SharedFileSystem{0x564C, "NCP"},
    SharedFileSystem{0x7461636F, "OCFS2"},
    SharedFileSystem{0x01161970, "GFS2"},
    SharedFileSystem{0xAAD7AAEA, "PanFS"},
    SharedFileSystem{0x786F4256, "VirtualBox shared folder"},
    SharedFileSystem{0xBACBACBC, "VMware shared folder"},
};

// Creates missing directories for this user alone, parents too, as the XDG base directory specification asks.
// NOLINTNEXTLINE(misc-no-recursion): as deep as a path that mkdir(2) takes
void make_directories(const fs::path& dir) {
  if (::mkdir(dir.c_str(), 0700) == 0 || errno == EEXIST) return;
  if (errno == ENOENT && dir.has_parent_path() && dir.parent_path() != dir) {
    make_directories(dir.parent_path());
    if (::mkdir(dir.c_str(), 0700) == 0 || errno == EEXIST) return;
  }
  throw EnvironmentError(
      fmt::format("cannot create the state directory {}: {}; pass a --state-dir that this user may create",
                  dir.string(), errno_text(errno)));
}

void check_owner(const fs::path& dir) {
  struct stat found {};
  if (::stat(dir.c_str(), &found) != 0) {
    throw EnvironmentError(fmt::format("cannot look at the state directory {}: {}; pass another --state-dir",
                                       dir.string(), errno_text(errno)));
  }
  if (!S_ISDIR(found.st_mode)) {
    throw EnvironmentError(
        fmt::format("the state directory {} is not a directory; pass another --state-dir", dir.string()));
  }
  if (found.st_uid != ::geteuid()) {
    throw EnvironmentError(
        fmt::format("the state directory {} belongs to user {} and this is user {}; run pqd as its owner or "
                    "pass another --state-dir",
                    dir.string(), found.st_uid, ::geteuid()));
  }
  if ((found.st_mode & 077U) != 0) {
    throw EnvironmentError(fmt::format(
        "the state directory {} holds keys and results, and other users may enter it (mode {:04o}); "
        "run: chmod 700 {}",
        dir.string(), found.st_mode & 07777U, dir.string()));
  }
  if (::faccessat(AT_FDCWD, dir.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
    throw EnvironmentError(fmt::format(
        "cannot write in the state directory {}: {}; make it writable or pass another --state-dir",
        dir.string(), errno_text(errno)));
  }
}

void check_file_system(const fs::path& dir) {
  struct statfs found {};
  if (::statfs(dir.c_str(), &found) != 0) {
    throw EnvironmentError(fmt::format("cannot tell the file system of {}: {}; pass another --state-dir",
                                       dir.string(), errno_text(errno)));
  }
  if (const auto name = shared_file_system(static_cast<std::uint32_t>(found.f_type))) {
    throw EnvironmentError(
        fmt::format("the state directory {} is on {}, where what is stored can be lost; pass a --state-dir "
                    "on a local disk",
                    dir.string(), *name));
  }
}

int lock(const StatePaths& paths) {
  const int fd = ::open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw EnvironmentError(fmt::format("cannot open {}: {}; make it writable or pass another --state-dir",
                                       paths.lock().string(), errno_text(errno)));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const int error = errno;
  ::close(fd);
  if (error == EWOULDBLOCK) {
    throw EnvironmentError(fmt::format(
        "the state directory {} is in use by another pqd; stop that one or pass another --state-dir",
        paths.dir.string()));
  }
  throw EnvironmentError(fmt::format("cannot lock {}: {}; pass a --state-dir on a local disk",
                                     paths.lock().string(), errno_text(error)));
}

int claim(const StatePaths& paths) {
  make_directories(paths.dir);
  check_owner(paths.dir);
  check_file_system(paths.dir);
  return lock(paths);
}

}  // namespace

StateDirClaim::StateDirClaim(const StatePaths& paths) : lock_fd_(claim(paths)) {}

// The file stays. Removing it would let a third daemon lock a new file while a second one still waits for the
// old.
StateDirClaim::~StateDirClaim() { ::close(lock_fd_); }

// A first start makes the database before the keys, so one that was cut short is not refused.
void refuse_lost_queue(const StatePaths& paths) {
  std::error_code unknown;  // opening the database will report it
  if (fs::exists(paths.database(), unknown) || unknown) return;
  for (const fs::path& sign : {paths.head_key(), paths.authorized_keys()}) {
    if (!fs::exists(sign, unknown)) continue;
    throw EnvironmentError(
        fmt::format("{} is there, but no database {}: the queue was moved or lost; put it back or restore a "
                    "backup, or start an empty queue with --new-queue",
                    sign.string(), paths.database().string()));
  }
}

void forget_cached(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  // Pages that are not written yet stay in the cache, and the next sync writes them.
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

std::optional<std::string_view> shared_file_system(std::uint32_t type) {
  for (const SharedFileSystem& one : shared_file_systems) {
    if (one.type == type) return one.name;
  }
  return std::nullopt;
}

}  // namespace pq::store
