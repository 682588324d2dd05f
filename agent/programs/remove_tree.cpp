#include "agent/programs/remove_tree.h"

namespace pq::programs {
namespace {

namespace fs = std::filesystem;

// Removing entries of a directory needs the right to write in it.
// NOLINTNEXTLINE(misc-no-recursion): as deep as a path that the system opens, which is PATH_MAX bytes long
void open_up(const fs::path& directory) {
  std::error_code ignored;
  fs::permissions(directory, fs::perms::owner_all, ignored);
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    std::error_code error;
    if (entry.symlink_status(error).type() == fs::file_type::directory) open_up(entry.path());
  }
}

}  // namespace

std::error_code remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return error;
  std::error_code ignored;
  if (fs::symlink_status(path, ignored).type() == fs::file_type::directory) open_up(path);
  error.clear();
  fs::remove_all(path, error);
  return error;
}

}  // namespace pq::programs
