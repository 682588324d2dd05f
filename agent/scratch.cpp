#include "agent/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/remove_tree.h"

namespace pq {
namespace {

namespace fs = std::filesystem;

}  // namespace

tl::expected<void, std::string> Scratch::prepare(std::shared_ptr<const JobFiles> files) {
  if (opened_.is_open() && files == files_ && is_as_made()) return {};
  files_ = std::move(files);
  return make();
}

// One read of the directory: its entries are those that were made, and nobody has removed it.
bool Scratch::is_as_made() const {
  struct stat found {};
  if (fstat(fd(), &found) != 0 || found.st_nlink == 0 || (found.st_mode & 07777U) != 0700) return false;
  if (lseek(fd(), 0, SEEK_SET) != 0) return false;
  alignas(dirent64) std::array<char, 4096> buffer;
  std::size_t seen = 0;
  while (true) {
    const ssize_t bytes = getdents64(fd(), buffer.data(), buffer.size());
    if (bytes < 0) return false;
    if (bytes == 0) return seen == links_.size();
    for (ssize_t at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const std::string_view name = static_cast<const char*>(entry->d_name);
      if (name == "." || name == "..") continue;
      const auto link = links_.find(std::string(name));
      if (link == links_.end() || link->second != entry->d_ino) return false;
      ++seen;
    }
  }
}

// What a program has made unremovable stays where it is until the agent ends; the next one gets another
// directory.
tl::expected<void, std::string> Scratch::make() {
  opened_.close();
  links_.clear();
  std::error_code error;
  if (!present_.empty()) error = remove_tree(present_);
  if (present_.empty() || error) present_ = dir_ / std::to_string(++made_);
  const auto cannot = [&](const std::error_code& why) {
    return tl::unexpected(fmt::format("cannot make {} on this agent: {}; check its --work-dir",
                                      present_.string(), why.message()));
  };
  fs::create_directories(present_, error);
  if (error) return cannot(error);
  opened_ = Descriptor(open(present_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened_.is_open() || fchmod(fd(), 0700) != 0) return cannot({errno, std::generic_category()});
  if (!files_) return {};
  for (const std::string& name : files_->names) {
    struct stat made {};
    if (symlinkat((files_->dir / name).c_str(), fd(), name.c_str()) != 0 ||
        fstatat(fd(), name.c_str(), &made, AT_SYMLINK_NOFOLLOW) != 0)
      return cannot({errno, std::generic_category()});
    links_[name] = made.st_ino;
  }
  return {};
}

}  // namespace pq
