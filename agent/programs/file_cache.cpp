#include "agent/programs/file_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "agent/limits.h"
#include "common/values/errors.h"

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t looked_at_once = 1 << 22;  // of a file that is hashed: some ten milliseconds

}  // namespace

FileCache::FileCache(Settings settings) : settings_(std::move(settings)) {
  std::error_code error;
  fs::create_directories(settings_.dir, error);
  if (error) {
    throw EnvironmentError(fmt::format("cannot make {}: {}; choose another directory with --work-dir",
                                       settings_.dir.string(), error.message()));
  }
}

tl::expected<bool, std::string> FileCache::has(const std::vector<FileRef>& files) {
  std::uint64_t bytes = 0;
  for (const FileRef& file : files) bytes += file.bytes;
  if (bytes > settings_.bytes_max) {
    return tl::unexpected(
        fmt::format("the job's files have {} bytes and this agent keeps {}: start it with a larger "
                    "--cache-size",
                    bytes, settings_.bytes_max));
  }
  for (const FileRef& file : files) {
    const bool is_known = is_here(file.hash);
    if (!is_known && !present_ && !errors_.contains(file.hash)) begin(file);
    if (const auto error = errors_.extract(file.hash)) return tl::unexpected(error.mapped());
    if (!is_here(file.hash)) return false;  // they come one after the other
  }
  for (const FileRef& file : files) here_.at(file.hash).used = ++uses_;
  return true;
}

void FileCache::begin_anew(const std::string& name, Incarnation incarnation) {
  settings_.name = name;
  settings_.incarnation = incarnation;
  asked_.reset();
}

// Other processes clean up too, and whoever may write here may write to the file.
bool FileCache::is_here(const Sha256& hash) {
  const auto known = here_.find(hash);
  if (known == here_.end()) return false;
  const bool is_same = stamp_at(AT_FDCWD, path_of(hash).c_str()) == known->second.stamp;
  if (!is_same) here_.erase(known);
  return is_same;
}

void FileCache::doubt(const std::vector<FileRef>& files) {
  for (const FileRef& file : files) here_.erase(file.hash);
}

void FileCache::begin(const FileRef& file) {
  const fs::path path = path_of(file.hash);
  struct stat found {};
  if (stat(path.c_str(), &found) != 0 || static_cast<std::uint64_t>(found.st_size) != file.bytes)
    return fetch(file);
  present_.emplace(file);
  present_->opened = Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  present_->stamp = stamp_of(present_->opened.fd());
  look();
}

void FileCache::fetch(const FileRef& file) {
  present_.emplace(file);
  present_->is_fetched = true;
  asked_.reset();
  std::error_code ignored;  // the next step reports it
  fs::create_directories(settings_.parts, ignored);
  present_->path = settings_.parts / to_text(file.hash);
  present_->opened = Descriptor(open(present_->path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!present_->opened.is_open())
    return fail(fmt::format("cannot make {} on this agent: {}", present_->path.string(), errno_text(errno)));
  if (file.bytes == 0) finish();
}

void FileCache::fail(const std::string& error) {
  unlink(present_->path.c_str());
  errors_[present_->file.hash] = error;
  present_.reset();
}

// Hashes the next part of a file that an earlier process of this agent has left.
void FileCache::look() {
  if (!present_ || present_->is_fetched) return;
  std::string part(looked_at_once, '\0');
  const ssize_t count = read(present_->opened.fd(), part.data(), part.size());
  if (count > 0) {
    present_->hash.add(std::string_view(part).substr(0, static_cast<std::size_t>(count)));
    present_->upto += static_cast<std::uint64_t>(count);
    if (present_->upto < present_->file.bytes) return;
  }
  const FileRef file = present_->file;
  const bool is_whole = present_->hash.finish() == file.hash;
  const auto stamp = present_->stamp;
  const bool is_same = stamp && stamp == stamp_of(present_->opened.fd());
  present_.reset();
  if (is_whole && is_same) {
    here_[file.hash].stamp = *stamp;
  } else {
    fetch(file);
  }
}

std::optional<WantFile> FileCache::next_message(Instant now) {
  if (!present_ || !present_->is_fetched || (asked_ && now < *asked_ + limits::answer_patience))
    return std::nullopt;
  asked_ = now;
  return WantFile{settings_.name, settings_.incarnation, present_->file.hash, present_->upto};
}

void FileCache::hear(const FilePart& part) {
  if (!present_ || !present_->is_fetched || part.hash != present_->file.hash || part.offset != present_->upto)
    return;
  asked_.reset();
  const FileRef& file = present_->file;
  const std::string_view bytes = part.part.data;
  if (bytes.empty()) return fail(fmt::format("the head does not have file {} any more", file.name));
  if (part.size != file.bytes || bytes.size() > file.bytes - present_->upto)
    return fail(fmt::format("the head has another file in the place of {}", file.name));
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t count = write(present_->opened.fd(), bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail(fmt::format("cannot write file {} on this agent: {}", file.name, errno_text(errno)));
    written += static_cast<std::size_t>(count);
  }
  present_->hash.add(bytes);
  present_->upto += bytes.size();
  if (present_->upto == file.bytes) finish();
}

void FileCache::finish() {
  const FileRef file = present_->file;
  if (present_->hash.finish() != file.hash)
    return fail(fmt::format("file {} came with another content than its hash says", file.name));
  if (fchmod(present_->opened.fd(), 0444) != 0 ||
      rename(present_->path.c_str(), path_of(file.hash).c_str()) != 0)
    return fail(fmt::format("cannot keep file {} on this agent: {}", file.name, errno_text(errno)));
  if (const auto stamp = stamp_of(present_->opened.fd())) here_[file.hash].stamp = *stamp;
  present_.reset();
}

void FileCache::make_room(const std::set<Sha256>& in_use) {
  struct Kept {
    std::uint64_t used;  // by this agent; those of earlier lives come first
    std::time_t read;
    std::uint64_t bytes;
    Sha256 hash;
  };
  std::vector<Kept> kept;
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(settings_.dir, error)) {
    const auto hash = parse_sha256(entry.path().filename().string());
    struct stat found {};
    if (stat(entry.path().c_str(), &found) != 0) continue;
    const auto size = static_cast<std::uint64_t>(found.st_size);
    bytes += size;
    if (!hash || in_use.contains(*hash)) continue;
    const auto known = here_.find(*hash);
    kept.push_back({known == here_.end() ? 0 : known->second.used, found.st_atim.tv_sec, size, *hash});
  }
  std::sort(kept.begin(), kept.end(),
            [](const Kept& a, const Kept& b) { return std::tie(a.used, a.read) < std::tie(b.used, b.read); });
  for (const Kept& oldest : kept) {
    if (bytes <= settings_.bytes_max) return;
    unlink(path_of(oldest.hash).c_str());
    here_.erase(oldest.hash);
    bytes -= oldest.bytes;
  }
}

Instant FileCache::next_deadline() const {
  if (!present_) return Instant::never();
  if (!present_->is_fetched || !asked_) return {};
  return *asked_ + limits::answer_patience;
}

}  // namespace pq::programs
