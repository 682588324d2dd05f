// The files of a job, laid out once on this machine for all slots: read-only, by their names; directories
// unpacked; a list with the place of each line. They are made from the cache (file_cache.h), which must hold
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "common/messages.h"

namespace pq {

// A list with one item a line, mapped into memory.
class ItemList {
 public:
  static tl::expected<std::unique_ptr<ItemList>, std::string> open(const std::filesystem::path& file);
  ~ItemList();
  ItemList(const ItemList&) = delete;
  ItemList& operator=(const ItemList&) = delete;

  // Line `number`, counted from 1, without its end; nothing past the last one.
  std::optional<std::string_view> item(std::uint64_t number) const;

 private:
  ItemList() = default;

  const char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::vector<std::size_t> begins_;  // of the lines
};

struct JobFiles {
  std::filesystem::path dir;
  std::vector<std::string> names;  // of what is in it
  std::unique_ptr<const ItemList> items;

  JobFiles() = default;
  JobFiles(const JobFiles&) = delete;
  JobFiles& operator=(const JobFiles&) = delete;
  ~JobFiles();  // removes them
};

class JobFilesShelf {
 public:
  // `dir`: where jobs' directories are made. `cache`: where a file of hash H is called H.
  JobFilesShelf(std::filesystem::path dir, std::filesystem::path cache);

  // Those of a job with a program, made at its first use; may take a while. From any thread.
  tl::expected<std::shared_ptr<const JobFiles>, std::string> find(const JobOrder& order);

 private:
  struct Entry {
    JobId job;
    std::vector<FileRef> files;
    std::shared_ptr<const JobFiles> made;
  };

  tl::expected<std::shared_ptr<const JobFiles>, std::string> make(const JobOrder& order);

  const std::filesystem::path dir_;
  const std::filesystem::path cache_;
  std::mutex mutex_;
  std::vector<Entry> entries_;  // the latest last
  std::uint64_t made_ = 0;
};

}  // namespace pq
