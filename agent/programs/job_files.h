// The files of a job, once per machine and for all slots: directories unpacked, and lists with the place of
// each line. Slots make their own copies of them (own_tree.h). They are made from the cache (file_cache.h),
// which must hold them, and no path leads back to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <tuple>
#include <vector>

#include "agent/programs/original.h"
#include "common/protocol/messages.h"

namespace pq::programs {

// A list with one item a line, mapped from a copy without a name, so that nobody can change it.
class ItemList {
 public:
  // `dir`: where the copy is made.
  static tl::expected<std::unique_ptr<ItemList>, FilesFlaw> open(const FileRef& file,
                                                                 const std::filesystem::path& cached,
                                                                 const std::filesystem::path& dir);
  ~ItemList();
  ItemList(const ItemList&) = delete;
  ItemList& operator=(const ItemList&) = delete;

  // Line `number`, counted from 1, without its line end; nothing past the last one.
  std::optional<std::string_view> item(std::uint64_t number) const;

 private:
  ItemList() = default;

  const char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::vector<std::size_t> begins_;  // of the lines
};

struct JobFiles {
  Original root;            // a directory that has them all, by their names
  bool copies_all = false;  // copies large files too: a run of this job has written to a shared one
  std::unique_ptr<const ItemList> items;
  std::vector<std::shared_ptr<const Master>> masters;
};

class JobFilesShelf {
 public:
  // `dir`: where originals are made. `cache`: it holds the file of hash H under the name H.
  JobFilesShelf(std::filesystem::path dir, std::filesystem::path cache);

  using Found = tl::expected<std::shared_ptr<const JobFiles>, FilesFlaw>;

  // The files of a job with a program, made at its first use; may take a while. From any thread.
  Found find(const JobOrder& order);

  // Replaces files of which an original was written to. From now on each slot copies all of them.
  Found renew(const JobOrder& order, const std::shared_ptr<const JobFiles>& old);

 private:
  struct Entry {
    JobId job;
    std::vector<FileRef> files;
    std::shared_ptr<const JobFiles> made;
  };
  using MasterKey = std::tuple<Sha256, FileKind, std::string>;

  Entry* entry_of(const JobOrder& order);
  Found make(const JobOrder& order, bool copies_all);
  tl::expected<std::shared_ptr<const Master>, FilesFlaw> master_of(const FileRef& file);

  const std::filesystem::path dir_;
  const std::filesystem::path cache_;
  std::mutex mutex_;
  std::vector<Entry> entries_;                                // the latest last
  std::map<MasterKey, std::weak_ptr<const Master>> masters_;  // those of entries, shared by jobs
  std::uint64_t made_ = 0;
};

}  // namespace pq::programs
