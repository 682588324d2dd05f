#include "agent/programs/original.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "agent/programs/copy_file.h"
#include "agent/programs/process.h"
#include "agent/programs/remove_tree.h"
#include "common/values/errors.h"
#include "common/values/text.h"

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

using Done = tl::expected<void, FilesFlaw>;

constexpr mode_t plain_mode = 0644;  // a copy is its run's own: it may be written to
constexpr mode_t executable_mode = 0755;

// Unpacks with the system's tar.
Done unpack(const fs::path& tar, const fs::path& to) {
  std::error_code error;
  fs::create_directory(to, error);
  if (error) return tl::unexpected(cannot("make", to, error.message()));
  const Descriptor directory(open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::string tar_text = tar.string();
  std::array<std::string, 4> words{"tar", "-xf", tar_text, "--no-same-owner"};
  const std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                                       nullptr};
  std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
  const std::array<char*, 2> environment{path.data(), nullptr};
  GroupSlot group(nullptr);
  for (const char* const program : {"/usr/bin/tar", "/bin/tar"}) {
    auto process =
        Process::start({program, arguments.data(), environment.data(), directory.fd(), 0, false}, group);
    if (!process) continue;
    std::string words_said;
    std::array<char, 4096> part{};
    ssize_t count = 0;
    while ((count = read(process->errors().fd(), part.data(), part.size())) > 0)
      words_said.append(part.data(), static_cast<std::size_t>(std::min<ssize_t>(count, 256)));
    while (!process->has_exited()) usleep(1000);
    if (process->end() == 0) return {};
    return tl::unexpected(cannot("unpack", tar, std::string(beginning(words_said, 200))));
  }
  return tl::unexpected(cannot("unpack", tar, "there is no tar; install it"));
}

// Stamps a file that nobody else knows yet. If it has two names, it may have a stamp already: then that must
// stay.
Done look_at_file(Original& found, bool has_time) {
  const Descriptor opened(open(found.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  const bool is_ready = opened.is_open() && (has_time || set_stamped_time(opened.fd()));
  const auto stamp = is_ready ? stamp_of(opened.fd()) : std::nullopt;
  if (!stamp) return tl::unexpected(cannot("read", found.path, errno_text(errno)));
  found.stamp = *stamp;
  return {};
}

// Lists everything below, and adds missing permissions to read it. Copies get the modes that were sent.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory that was sent, which a path must reach
Done look_at(Original& found) {
  struct stat seen {};
  if (lstat(found.path.c_str(), &seen) != 0)
    return tl::unexpected(cannot("read", found.path, errno_text(errno)));
  found.mode = seen.st_mode & 07777U;
  if (S_ISLNK(seen.st_mode)) {
    std::error_code error;
    found.kind = Original::Kind::link;
    found.target = fs::read_symlink(found.path, error).string();
    return {};
  }
  if (S_ISFIFO(seen.st_mode)) {
    found.kind = Original::Kind::pipe;
    return {};
  }
  if (S_ISREG(seen.st_mode)) {
    if ((found.mode & 0400U) == 0) chmod(found.path.c_str(), found.mode | 0400U);
    return look_at_file(found, seen.st_mtim.tv_sec == 0 && seen.st_mtim.tv_nsec == 0);
  }
  if (!S_ISDIR(seen.st_mode)) return tl::unexpected(cannot("lay out", found.path, "it is a device"));
  found.kind = Original::Kind::directory;
  chmod(found.path.c_str(), 0700);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(found.path, error)) {
    Original child;
    child.name = entry.path().filename().string();
    child.path = entry.path();
    if (auto looked = look_at(child); !looked) return looked;
    found.children.push_back(std::make_shared<const Original>(std::move(child)));
  }
  if (error) return tl::unexpected(cannot("read", found.path, error.message()));
  std::sort(found.children.begin(), found.children.end(),
            [](const auto& a, const auto& b) { return a->name < b->name; });
  return {};
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory that was sent, which a path must reach
bool is_as_stamped(const Original& original) {
  if (original.kind == Original::Kind::file)
    return stamp_at(AT_FDCWD, original.path.c_str()) == original.stamp;
  for (const auto& child : original.children) {
    if (!is_as_stamped(*child)) return false;
  }
  return true;
}

Done copy_to(const fs::path& path, const FileRef& file, const fs::path& cached, mode_t mode) {
  const Descriptor made(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made.is_open()) return tl::unexpected(cannot("make", path, errno_text(errno)));
  auto copied = copy_cached(cached, file.hash, made, path);
  if (copied && fchmod(made.fd(), mode) != 0) return tl::unexpected(cannot("write", path, errno_text(errno)));
  return copied;
}

// Copies the cache's file first, so that tar reads exactly what was hashed.
Done unpack_cached(const fs::path& path, const FileRef& file, const fs::path& cached) {
  const fs::path tar = path.parent_path() / "directory.tar";
  auto copied = copy_to(tar, file, cached, 0600);
  if (!copied) return copied;
  const fs::path to = path.parent_path() / "files";
  auto unpacked = unpack(tar, to);
  unlink(tar.c_str());
  if (unpacked && rename(to.c_str(), path.c_str()) != 0)
    return tl::unexpected(cannot("make", path, errno_text(errno)));
  return unpacked;
}

}  // namespace

FilesFlaw cannot(std::string_view what, const fs::path& path, const std::string& why) {
  return {FilesFlaw::Kind::environment,
          fmt::format("cannot {} {} on this agent: {}", what, path.string(), why)};
}

Done copy_cached(const fs::path& cached, const Sha256& hash, const Descriptor& to, const fs::path& name) {
  const Descriptor from(open(cached.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.is_open()) return tl::unexpected(FilesFlaw{FilesFlaw::Kind::cache_changed, cached.string()});
  Sha256Builder seen;
  const auto see = [&](std::string_view part) { seen.add(part); };
  if (const int error = copy_bytes(from, to, see); error != 0)
    return tl::unexpected(cannot("write", name, errno_text(error)));
  if (seen.finish() == hash) return {};
  return tl::unexpected(FilesFlaw{FilesFlaw::Kind::cache_changed, cached.string()});
}

tl::expected<std::shared_ptr<const Master>, FilesFlaw> Master::make(const FileRef& file,
                                                                    const fs::path& cached,
                                                                    const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return tl::unexpected(cannot("make", dir, error.message()));
  const auto master = std::make_shared<Master>(dir);
  Original& root = master->root_;
  root.name = file.name;
  root.path = dir / file.name;
  const bool is_directory = file.kind == FileKind::directory;
  // Shared files become read-only, which protects them as far as permissions do.
  const mode_t shared_mode = file.kind == FileKind::executable ? 0555 : 0444;
  const auto placed =
      is_directory ? unpack_cached(root.path, file, cached) : copy_to(root.path, file, cached, shared_mode);
  if (!placed) return tl::unexpected(placed.error());
  if (auto looked = look_at(root); !looked) return tl::unexpected(looked.error());
  if (!is_directory) root.mode = file.kind == FileKind::executable ? executable_mode : plain_mode;
  return master;
}

Master::~Master() { remove_tree(dir_); }

bool Master::is_as_made() const { return is_as_stamped(root_); }

}  // namespace pq::programs
