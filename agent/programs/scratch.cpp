#include "agent/programs/scratch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "agent/programs/remove_tree.h"
#include "common/values/errors.h"

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

const Original& nothing() {
  static const Original empty = [] {
    Original made;
    made.kind = Original::Kind::directory;
    made.mode = 0700;
    return made;
  }();
  return empty;
}

// The path still leads to the opened directory.
bool is_at(const fs::path& path, int fd) {
  const auto there = stamp_at(AT_FDCWD, path.c_str());
  const auto here = stamp_of(fd);
  return there && here && there->inode == here->inode && there->device == here->device;
}

}  // namespace

tl::expected<void, FilesFlaw> Scratch::prepare(std::shared_ptr<const JobFiles> files) {
  if (opened_.is_open() && files == files_) {
    if (tree_.is_as_made(present_, fd())) return {};
    if (is_at(present_, fd())) {
      auto restored = tree_.restore(present_, fd());
      if (restored || restored.error().kind != FilesFlaw::Kind::environment) return restored;
    }
  }
  files_ = std::move(files);
  return make_anew();
}

// What cannot be removed stays until the agent ends. The next directory gets a new name, because somebody
// might still write to the old one.
tl::expected<void, FilesFlaw> Scratch::make_anew() {
  opened_.close();
  tree_ = files_ ? OwnTree(files_->root, files_->copies_all) : OwnTree(nothing(), false);
  std::error_code error;
  if (!present_.empty()) error = remove_tree(present_);
  present_ = dir_ / std::to_string(++made_);
  const auto cannot_be = [&](const std::string& why) {
    return tl::unexpected(FilesFlaw{
        FilesFlaw::Kind::environment,
        fmt::format("cannot make {} on this agent: {}; check its --work-dir", present_.string(), why)});
  };
  fs::create_directories(present_, error);
  if (error) return cannot_be(error.message());
  opened_ = Descriptor(open(present_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened_.is_open()) return cannot_be(errno_text(errno));
  return tree_.restore(present_, fd());
}

}  // namespace pq::programs
