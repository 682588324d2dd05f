// A copy of a database, made a few pages at a time while the database changes. It is written under another
// name, and synced as it grows, so that no sync takes long. It gets its own name only when it is complete and
// durable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "daemon/store/sqlite.h"

namespace pq::store {

class DatabaseCopy {
 public:
  // Does nothing yet. `from` must outlive this.
  DatabaseCopy(Database& from, std::filesystem::path file);

  // Removes a copy that is not complete.
  ~DatabaseCopy();
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;

  // Copies a few pages. True: the copy is complete, durable and under its name. Do not call it after that, or
  // after an error.
  tl::expected<bool, std::string> advance();

  const std::filesystem::path& file() const { return file_; }
  std::uint64_t bytes() const { return bytes_; }  // once it is whole

  // Removes unfinished copies of an earlier process that was killed.
  static void remove_unfinished(const std::filesystem::path& directory);

 private:
  tl::expected<void, std::string> begin();
  tl::expected<void, std::string> leave_room() const;

  Database& from_;
  std::filesystem::path file_;
  std::filesystem::path unfinished_;
  std::uintmax_t bytes_expected_ = 0;
  std::uint64_t bytes_ = 0;
  std::optional<Database> copy_;
  std::optional<PageCopy> pages_;  // after copy_: ends before it is closed
};

}  // namespace pq::store
