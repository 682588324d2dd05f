#include "common/os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "common/values/errors.h"

namespace pq::os {
namespace {

namespace fs = std::filesystem;

class OpenFile {
 public:
  OpenFile(const fs::path& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string_view advice(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "run as the user it belongs to";
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case EEXIST:
      return "remove it first if nobody needs it";
    case ENOSPC:
    case EDQUOT:
      return "make room on that disk";
    default:
      return "check that disk";
  }
}

tl::unexpected<std::string> cannot(std::string_view what, const fs::path& path, int error = errno) {
  return tl::unexpected(
      fmt::format("cannot {} {}: {}; {}", what, path.string(), errno_text(error), advice(error)));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool write_durably(int fd, std::string_view bytes) { return write_all(fd, bytes) && ::fsync(fd) == 0; }

// A new or renamed file survives a power cut only if its directory was synced too.
bool sync_directory_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  const OpenFile directory(parent.empty() ? fs::path(".") : parent, O_RDONLY | O_DIRECTORY);
  return directory.is_open() && ::fsync(directory.fd()) == 0;
}

// Writes another file; `put_in_place` then gives it its name.
template <class PutInPlace>
tl::expected<void, std::string> write_beside(const fs::path& path, std::string_view text, mode_t mode,
                                             PutInPlace put_in_place) {
  const fs::path beside = path.string() + ".being-written";
  ::unlink(beside.c_str());  // of a write that was cut short
  const OpenFile file(beside, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!file.is_open()) return cannot("make", beside);
  if (write_durably(file.fd(), text) && put_in_place(beside) && sync_directory_of(path)) return {};
  const int error = errno;
  ::unlink(beside.c_str());
  return cannot("write", path, error);
}

tl::expected<std::string, std::string> read_all(const OpenFile& file, const fs::path& path) {
  std::string text;
  std::array<char, 4096> part;
  while (true) {
    const ssize_t count = ::read(file.fd(), part.data(), part.size());
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return cannot("read", path);
    if (count > 0) text.append(part.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

tl::expected<std::string, std::string> read_file(const fs::path& path) {
  const OpenFile file(path, O_RDONLY);
  if (!file.is_open()) return cannot("read", path);
  return read_all(file, path);
}

tl::expected<std::string, std::string> read_secret_file(const fs::path& path) {
  const OpenFile file(path, O_RDONLY);
  struct stat found {};
  if (!file.is_open() || ::fstat(file.fd(), &found) != 0) return cannot("read", path);
  if (found.st_uid == ::geteuid() && (found.st_mode & 077U) != 0) {
    return tl::unexpected(
        fmt::format("{} holds a secret and others may use it (mode {:04o}); run: chmod 600 {}", path.string(),
                    found.st_mode & 07777U, path.string()));
  }
  return read_all(file, path);
}

tl::expected<void, std::string> write_new_file(const fs::path& path, std::string_view text) {
  // A link takes a name only if it is free, and the name always stands for the complete file.
  return write_beside(path, text, 0600, [&](const fs::path& beside) {
    const bool linked = ::link(beside.c_str(), path.c_str()) == 0;
    const int error = errno;
    ::unlink(beside.c_str());
    errno = error;
    return linked;
  });
}

tl::expected<void, std::string> make_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0 ? sync_directory_of(path) : errno == EEXIST) return {};
  return cannot("make", path);
}

// A link takes a name only if it is free; rename(2) would replace an existing file.
tl::expected<void, std::string> rename_to_new(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return cannot("make", to);
  if (::unlink(from.c_str()) == 0 && sync_directory_of(to)) return {};
  const int error = errno;
  ::unlink(to.c_str());
  return cannot("write", to, error);
}

tl::expected<void, std::string> replace_file(const fs::path& path, std::string_view text, unsigned mode) {
  return write_beside(path, text, mode,
                      [&](const fs::path& beside) { return std::rename(beside.c_str(), path.c_str()) == 0; });
}

tl::expected<void, std::string> append_line(const fs::path& path, std::string_view line) {
  const OpenFile file(path, O_RDWR | O_APPEND | O_CREAT, 0600);
  struct stat before {};
  if (!file.is_open() || ::fstat(file.fd(), &before) != 0) return cannot("write", path);
  char last = '\n';
  if (before.st_size > 0 && ::pread(file.fd(), &last, 1, before.st_size - 1) != 1)
    return cannot("read", path);
  const std::string added = fmt::format("{}{}\n", last == '\n' ? "" : "\n", line);
  if (write_durably(file.fd(), added) && (before.st_size > 0 || sync_directory_of(path))) return {};
  const int error = errno;
  // Half a line must not stay, because the next line would be joined to it.
  if (::ftruncate(file.fd(), before.st_size) != 0) return cannot("restore", path);
  return cannot("write", path, error);
}

}  // namespace pq::os
