// A slot's own copy of the files in its runs' directory. It is checked before each run, at one system call
// per file, and only changed pieces are replaced.
//
// All slots share large files instead, unless the file system makes free copies or a run of the job has
// written to one. A shared file is a link to the original, which is checked after each run too.
#pragma once

#include <filesystem>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/programs/original.h"
#include "agent/programs/stamp.h"

namespace pq::programs {

class OwnTree {
 public:
  // The directory is empty.
  OwnTree() = default;
  // `root` must outlive this. `copies_all`: nothing is shared.
  OwnTree(const Original& root, bool copies_all) : root_(&root), copies_all_(copies_all) {}

  // Whether the directory is as restore() has left it. `place`: its full path.
  bool is_as_made(const std::filesystem::path& place, int fd) const;
  // Restores the directory, or fills an empty one. `fd`: the opened directory.
  tl::expected<void, FilesFlaw> restore(const std::filesystem::path& place, int fd);

  // A shared file that somebody has written to since it was made.
  const Original* changed_shared() const;

 private:
  // A piece that was made from an original.
  struct Own {
    Stamp stamp;
    bool is_link_to_shared = false;
    std::vector<Own> children;
  };
  using Done = tl::expected<void, FilesFlaw>;

  static bool are_as_made(int directory, const Original& original, const Own& own);
  static bool is_entry_as_made(int directory, const Original& original, const Own& own);
  Done restore_directory(const std::filesystem::path& place, int fd, const Original& original, Own& own);
  Done restore_entry(const std::filesystem::path& parent, int directory, const Original& original, Own& own);
  Done make_entry(const std::filesystem::path& parent, int directory, const Original& original, Own& own);
  Done make_file(const std::filesystem::path& place, int directory, const Original& original, Own& own);
  Done make_link(const std::filesystem::path& place, int directory, const Original& original,
                 const std::string& target, Own& own);

  const Original* root_ = nullptr;
  bool copies_all_ = false;
  Own own_;
  std::vector<const Original*> shared_;
};

}  // namespace pq::programs
