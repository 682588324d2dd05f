#include "agent/job_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <utility>

#include "agent/process.h"
#include "agent/remove_tree.h"
#include "common/errors.h"

namespace pq {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t entries_max = 16;

std::string cannot(std::string_view what, const fs::path& path, const std::string& why) {
  return fmt::format("cannot {} {} on this agent: {}", what, path.string(), why);
}

using Done = tl::expected<void, std::string>;

// A copy of its own: an executable has another mode than the cache's file, and its program may run while the
// cache forgets it.
Done copy(const fs::path& from, const fs::path& to, mode_t mode) {
  const Descriptor in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.is_open()) return tl::unexpected(cannot("read", from, errno_text(errno)));
  const Descriptor out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out.is_open()) return tl::unexpected(cannot("make", to, errno_text(errno)));
  std::vector<char> buffer(1 << 18);
  while (true) {
    const ssize_t count = read(in.fd(), buffer.data(), buffer.size());
    if (count < 0) return tl::unexpected(cannot("read", from, errno_text(errno)));
    if (count == 0) break;
    for (ssize_t written = 0; written < count;) {
      const ssize_t more =
          write(out.fd(), buffer.data() + written, static_cast<std::size_t>(count - written));
      if (more < 0) return tl::unexpected(cannot("write", to, errno_text(errno)));
      written += more;
    }
  }
  if (fchmod(out.fd(), mode) != 0) return tl::unexpected(cannot("write", to, errno_text(errno)));
  return {};
}

Done place_plain(const fs::path& from, const fs::path& to) {
  if (link(from.c_str(), to.c_str()) == 0) return {};
  return copy(from, to, 0444);
}

// By the system's own tar.
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
    return tl::unexpected(cannot("unpack", tar, words_said.substr(0, 200)));
  }
  return tl::unexpected(cannot("unpack", tar, "there is no tar; install it"));
}

Done place(const FileRef& file, const fs::path& cached, const fs::path& to) {
  switch (file.kind) {
    case FileKind::plain:
      return place_plain(cached, to);
    case FileKind::executable:
      return copy(cached, to, 0555);
    case FileKind::directory:
      return unpack(cached, to);
  }
  return {};
}

}  // namespace

// ---------------------------------------------------------------- lists

tl::expected<std::unique_ptr<ItemList>, std::string> ItemList::open(const fs::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (!opened.is_open() || fstat(opened.fd(), &found) != 0)
    return tl::unexpected(cannot("read", file, errno_text(errno)));
  std::unique_ptr<ItemList> list(new ItemList);
  list->size_ = static_cast<std::size_t>(found.st_size);
  if (list->size_ == 0) return list;
  void* const bytes = mmap(nullptr, list->size_, PROT_READ, MAP_PRIVATE, opened.fd(), 0);
  if (bytes == MAP_FAILED) return tl::unexpected(cannot("read", file, errno_text(errno)));
  list->bytes_ = static_cast<const char*>(bytes);
  for (std::size_t at = 0; at < list->size_;) {
    list->begins_.push_back(at);
    const void* const end = std::memchr(list->bytes_ + at, '\n', list->size_ - at);
    if (end == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(end) - list->bytes_) + 1;
  }
  return list;
}

ItemList::~ItemList() {
  if (bytes_ != nullptr) munmap(const_cast<char*>(bytes_), size_);
}

std::optional<std::string_view> ItemList::item(std::uint64_t number) const {
  if (number == 0 || number > begins_.size()) return std::nullopt;
  const std::size_t begin = begins_[number - 1];
  std::string_view line(bytes_ + begin, (number < begins_.size() ? begins_[number] : size_) - begin);
  if (line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

// ---------------------------------------------------------------- directories

JobFiles::~JobFiles() { remove_tree(dir); }

JobFilesShelf::JobFilesShelf(fs::path dir, fs::path cache) : dir_(std::move(dir)), cache_(std::move(cache)) {}

tl::expected<std::shared_ptr<const JobFiles>, std::string> JobFilesShelf::find(const JobOrder& order) {
  const std::lock_guard lock(mutex_);
  const auto files = files_needed(*order.program);
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.job == order.job && e.files == files; });
  if (entry != entries_.end()) {
    std::rotate(entry, entry + 1, entries_.end());
    return entries_.back().made;
  }
  auto made = make(order);
  if (!made) return made;
  if (entries_.size() >= entries_max) entries_.erase(entries_.begin());
  entries_.push_back({order.job, files, *made});
  return made;
}

tl::expected<std::shared_ptr<const JobFiles>, std::string> JobFilesShelf::make(const JobOrder& order) {
  auto files = std::make_shared<JobFiles>();
  files->dir = dir_ / fmt::format("{}-{}", order.job.value, ++made_);
  std::error_code error;
  fs::create_directories(files->dir, error);
  if (error) return tl::unexpected(cannot("make", files->dir, error.message()));
  for (const FileRef& file : order.program->files) {
    auto placed = place(file, cache_ / to_text(file.hash), files->dir / file.name);
    if (!placed) return tl::unexpected(placed.error());
    files->names.push_back(file.name);
  }
  if (order.program->items) {
    auto items = ItemList::open(cache_ / to_text(order.program->items->hash));
    if (!items) return tl::unexpected(items.error());
    files->items = *std::move(items);
  }
  return files;
}

}  // namespace pq
