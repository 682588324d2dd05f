// A copy of a database, made a few pages at a time while the database goes on changing. It is written under
// another name, synced as it grows, so that no sync has much to do, and gets its own name when it is whole
// and durable: under that name there is never half a copy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "daemon/sqlite.h"

namespace pq {

class DatabaseCopy {
 public:
  // Nothing happens yet. `from` outlives this.
  DatabaseCopy(Database& from, std::filesystem::path file);

  // What is not whole by now is removed.
  ~DatabaseCopy();
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;

  // A few pages further. True: whole, durable and under its name. After that, or an error, there is no
  // further.
  tl::expected<bool, std::string> advance();

  const std::filesystem::path& file() const { return file_; }
  std::uint64_t bytes() const { return bytes_; }  // once it is whole

  // Those of an earlier process that was killed.
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

}  // namespace pq
