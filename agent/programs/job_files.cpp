#include "agent/programs/job_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/os/descriptor.h"
#include "common/values/errors.h"

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t entries_max = 16;

}  // namespace

// ---------------------------------------------------------------- lists

tl::expected<std::unique_ptr<ItemList>, FilesFlaw> ItemList::open(const FileRef& file, const fs::path& cached,
                                                                  const fs::path& dir) {
  const fs::path name = dir / "list";
  std::error_code error;
  fs::create_directories(dir, error);
  const Descriptor copy(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!copy.is_open()) return tl::unexpected(cannot("make", name, errno_text(errno)));
  unlink(name.c_str());
  fs::remove(dir, error);
  if (auto copied = copy_cached(cached, file.hash, copy, name); !copied)
    return tl::unexpected(copied.error());
  std::unique_ptr<ItemList> list(new ItemList);
  list->size_ = static_cast<std::size_t>(file.bytes);
  if (list->size_ == 0) return list;
  void* const bytes = mmap(nullptr, list->size_, PROT_READ, MAP_PRIVATE, copy.fd(), 0);
  if (bytes == MAP_FAILED) return tl::unexpected(cannot("read", name, errno_text(errno)));
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

// ---------------------------------------------------------------- jobs

JobFilesShelf::JobFilesShelf(fs::path dir, fs::path cache) : dir_(std::move(dir)), cache_(std::move(cache)) {}

JobFilesShelf::Entry* JobFilesShelf::entry_of(const JobOrder& order) {
  const auto files = files_needed(*order.program);
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.job == order.job && e.files == files; });
  if (entry == entries_.end()) return nullptr;
  std::rotate(entry, entry + 1, entries_.end());
  return &entries_.back();
}

JobFilesShelf::Found JobFilesShelf::find(const JobOrder& order) {
  const std::lock_guard lock(mutex_);
  if (const Entry* const entry = entry_of(order)) return entry->made;
  return make(order, false);
}

JobFilesShelf::Found JobFilesShelf::renew(const JobOrder& order, const std::shared_ptr<const JobFiles>& old) {
  const std::lock_guard lock(mutex_);
  if (const Entry* const entry = entry_of(order)) {
    if (entry->made != old) return entry->made;  // another slot has been here
    entries_.pop_back();
  }
  for (const auto& master : old->masters) {
    if (master->is_as_made()) continue;
    std::erase_if(masters_, [&](const auto& known) { return known.second.lock() == master; });
  }
  return make(order, true);
}

JobFilesShelf::Found JobFilesShelf::make(const JobOrder& order, bool copies_all) {
  auto files = std::make_shared<JobFiles>();
  files->root.kind = Original::Kind::directory;
  files->root.mode = 0700;
  files->copies_all = copies_all;
  for (const FileRef& file : order.program->files) {
    auto master = master_of(file);
    if (!master) return tl::unexpected(master.error());
    files->root.children.push_back(std::make_shared<const Original>((*master)->root()));
    files->masters.push_back(*std::move(master));
  }
  if (const auto& list = order.program->items) {
    auto items = ItemList::open(*list, cache_ / to_text(list->hash), dir_ / std::to_string(++made_));
    if (!items) return tl::unexpected(items.error());
    files->items = *std::move(items);
  }
  if (entries_.size() >= entries_max) entries_.erase(entries_.begin());
  entries_.push_back({order.job, files_needed(*order.program), files});
  std::erase_if(masters_, [](const auto& known) { return known.second.expired(); });
  return files;
}

tl::expected<std::shared_ptr<const Master>, FilesFlaw> JobFilesShelf::master_of(const FileRef& file) {
  const MasterKey key{file.hash, file.kind, file.name};
  if (const auto known = masters_.find(key); known != masters_.end()) {
    if (auto master = known->second.lock()) return master;
  }
  auto made = Master::make(file, cache_ / to_text(file.hash), dir_ / std::to_string(++made_));
  if (made) masters_[key] = *made;
  return made;
}

}  // namespace pq::programs
