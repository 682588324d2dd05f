#include "agent/programs/own_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/limits.h"
#include "agent/programs/copy_file.h"
#include "agent/programs/remove_tree.h"
#include "common/values/errors.h"

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

using Done = tl::expected<void, FilesFlaw>;
using Kind = Original::Kind;

tl::unexpected<FilesFlaw> written_to(const Original& original) {
  return tl::unexpected(FilesFlaw{FilesFlaw::Kind::original_changed, original.path.string()});
}

tl::unexpected<FilesFlaw> cannot_make(const fs::path& place) {
  return tl::unexpected(cannot("make", place, errno_text(errno)));
}

// Without "." and "..". Nothing: the directory cannot be read.
std::optional<std::vector<std::string>> names_in(int fd) {
  const int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(again < 0 ? nullptr : fdopendir(again), closedir);
  if (!opened) return std::nullopt;
  std::vector<std::string> names;
  while (const dirent* const entry = readdir(opened.get())) {
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Done remove_entry(const fs::path& place) {
  const std::error_code error = remove_tree(place);
  if (error) return tl::unexpected(cannot("remove", place, error.message()));
  return {};
}

}  // namespace

// ---------------------------------------------------------------- looking

// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory that was sent, which a path must reach
bool OwnTree::is_entry_as_made(int directory, const Original& original, const Own& own) {
  if (stamp_at(directory, original.name.c_str()) != own.stamp) return false;
  if (original.kind != Kind::directory) return true;
  const Descriptor opened(
      openat(directory, original.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return opened.is_open() && are_as_made(opened.fd(), original, own);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory that was sent, which a path must reach
bool OwnTree::are_as_made(int directory, const Original& original, const Own& own) {
  for (std::size_t i = 0; i < original.children.size(); ++i) {
    if (!is_entry_as_made(directory, *original.children[i], own.children[i])) return false;
  }
  return true;
}

bool OwnTree::is_as_made(const fs::path& place, int fd) const {
  return root_ != nullptr && stamp_at(AT_FDCWD, place.c_str()) == own_.stamp && are_as_made(fd, *root_, own_);
}

const Original* OwnTree::changed_shared() const {
  const auto changed = std::find_if(shared_.begin(), shared_.end(), [](const Original* original) {
    return stamp_at(AT_FDCWD, original->path.c_str()) != original->stamp;
  });
  return changed == shared_.end() ? nullptr : *changed;
}

// ---------------------------------------------------------------- making

Done OwnTree::restore(const fs::path& place, int fd) {
  shared_.clear();
  return restore_directory(place, fd, *root_, own_);
}

// No other process uses it: the programs of this slot have ended.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory that was sent, which a path must reach
Done OwnTree::restore_directory(const fs::path& place, int fd, const Original& original, Own& own) {
  own.children.resize(original.children.size());
  if (fchmod(fd, 0700) != 0) return cannot_make(place);
  const auto names = names_in(fd);
  if (!names) return cannot_make(place);
  for (const std::string& name : *names) {
    const bool is_known = std::any_of(original.children.begin(), original.children.end(),
                                      [&](const auto& child) { return child->name == name; });
    if (is_known) continue;
    if (auto removed = remove_entry(place / name); !removed) return removed;
  }
  for (std::size_t i = 0; i < original.children.size(); ++i) {
    auto restored = restore_entry(place, fd, *original.children[i], own.children[i]);
    if (!restored) return restored;
  }
  if (fchmod(fd, original.mode) != 0 || !set_stamped_time(fd)) return cannot_make(place);
  const auto stamp = stamp_of(fd);
  if (!stamp) return cannot_make(place);
  own.stamp = *stamp;
  return {};
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory that was sent, which a path must reach
Done OwnTree::restore_entry(const fs::path& parent, int directory, const Original& original, Own& own) {
  const auto stamp = stamp_at(directory, original.name.c_str());
  if (original.kind == Kind::directory) {
    const bool is_ours =
        stamp && stamp->inode == own.stamp.inode && stamp->device == own.stamp.device && S_ISDIR(stamp->mode);
    if (is_ours) fchmodat(directory, original.name.c_str(), 0700, 0);
    const Descriptor opened(
        is_ours ? openat(directory, original.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                : -1);
    if (opened.is_open()) return restore_directory(parent / original.name, opened.fd(), original, own);
  } else if (stamp && stamp == own.stamp) {
    if (own.is_link_to_shared) shared_.push_back(&original);
    return {};
  }
  if (auto removed = remove_entry(parent / original.name); !removed) return removed;
  own = {};
  return make_entry(parent, directory, original, own);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory that was sent, which a path must reach
Done OwnTree::make_entry(const fs::path& parent, int directory, const Original& original, Own& own) {
  const fs::path place = parent / original.name;
  const char* const name = original.name.c_str();
  switch (original.kind) {
    case Kind::file:
      return make_file(place, directory, original, own);
    case Kind::link:
      return make_link(place, directory, original, original.target, own);
    case Kind::pipe: {
      if (mkfifoat(directory, name, original.mode) != 0) return cannot_make(place);
      own.stamp = stamp_at(directory, name).value_or(Stamp{});
      return {};
    }
    case Kind::directory: {
      if (mkdirat(directory, name, 0700) != 0) return cannot_make(place);
      const Descriptor opened(openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!opened.is_open()) return cannot_make(place);
      return restore_directory(place, opened.fd(), original, own);
    }
  }
  return {};
}

Done OwnTree::make_file(const fs::path& place, int directory, const Original& original, Own& own) {
  const Descriptor from(open(original.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!from.is_open() || stamp_of(from.fd()) != original.stamp) return written_to(original);
  const char* const name = original.name.c_str();
  const Descriptor to(openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to.is_open()) return cannot_make(place);
  const bool is_small = original.stamp.bytes <= limits::copied_file_bytes_max;
  if (is_small || !clone_bytes(from, to)) {
    if (!is_small && !copies_all_) {
      if (unlinkat(directory, name, 0) != 0) return cannot_make(place);
      own.is_link_to_shared = true;
      shared_.push_back(&original);
      return make_link(place, directory, original, original.path.string(), own);
    }
    const int error = copy_bytes(from, to);
    if (error != 0 && !is_small) {
      return tl::unexpected(FilesFlaw{
          FilesFlaw::Kind::environment,
          fmt::format("changed '{}', which all runs share, and no copy of it can be made for each: {}; write "
                      "to a copy of it that the program makes, or leave more room in --work-dir",
                      original.name, errno_text(error))});
    }
    if (error != 0) return tl::unexpected(cannot("write", place, errno_text(error)));
  }
  if (stamp_of(from.fd()) != original.stamp) return written_to(original);
  if (fchmod(to.fd(), original.mode) != 0 || !set_stamped_time(to.fd())) return cannot_make(place);
  const auto stamp = stamp_of(to.fd());
  if (!stamp) return cannot_make(place);
  own.stamp = *stamp;
  return {};
}

Done OwnTree::make_link(const fs::path& place, int directory, const Original& original,
                        const std::string& target, Own& own) {
  const char* const name = original.name.c_str();
  if (symlinkat(target.c_str(), directory, name) != 0) return cannot_make(place);
  const auto stamp = stamp_at(directory, name);
  if (!stamp) return cannot_make(place);
  own.stamp = *stamp;
  return {};
}

}  // namespace pq::programs
