// A file or directory that was sent with a job, once per machine. Slots make their own copies from it. Its
// files are stamped, so a copier can tell whether they are unchanged.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/programs/stamp.h"
#include "common/os/descriptor.h"
#include "common/protocol/messages.h"

namespace pq::programs {

// Why files are unavailable.
struct FilesFlaw {
  enum class Kind {
    environment,       // the text says why
    original_changed,  // somebody has written to an original: it is made again
    cache_changed,     // or to the file that it was made from: that is fetched again
  };
  Kind kind = Kind::environment;
  std::string words;
};

FilesFlaw cannot(std::string_view what, const std::filesystem::path& path, const std::string& why);

// One file, or a directory with everything in it.
struct Original {
  enum class Kind { file, link, directory, pipe };

  std::string name;  // in the directory that it is in
  Kind kind = Kind::file;
  std::filesystem::path path;
  mode_t mode = 0;                                        // of copies
  std::string target;                                     // of a link
  Stamp stamp;                                            // of a file
  std::vector<std::shared_ptr<const Original>> children;  // of a directory, by name
};

// One sent file or directory, in its own directory, which is removed with it.
class Master {
 public:
  // `cached`: its path in the cache. May take a while.
  static tl::expected<std::shared_ptr<const Master>, FilesFlaw> make(const FileRef& file,
                                                                     const std::filesystem::path& cached,
                                                                     const std::filesystem::path& dir);
  explicit Master(std::filesystem::path dir) : dir_(std::move(dir)) {}
  ~Master();
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  const Original& root() const { return root_; }
  // Nobody has written to any of its files.
  bool is_as_made() const;

 private:
  std::filesystem::path dir_;
  Original root_;
};

// Copies a cached file into the new file `to`, and hashes it on the way.
tl::expected<void, FilesFlaw> copy_cached(const std::filesystem::path& cached, const Sha256& hash,
                                          const Descriptor& to, const std::filesystem::path& name);

}  // namespace pq::programs
