// Files of jobs, fetched from the head once and kept under their hash. The cache is bounded: the files unused
// for longest go first, but never those of jobs that the agent knows. A file from an earlier process, or with
// a changed stamp, is read and hashed before it is used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/programs/stamp.h"
#include "common/os/descriptor.h"
#include "common/protocol/messages.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/sha256.h"

namespace pq::programs {

class FileCache {
 public:
  struct Settings {
    std::filesystem::path dir;    // a file of hash H is H in it
    std::filesystem::path parts;  // for files that are not whole; of this agent alone, on the same disk
    std::uint64_t bytes_max = 0;
    std::string name;  // of the agent, for its messages
    Incarnation incarnation;
  };
  explicit FileCache(Settings settings);

  // Whether all of them are here. If not, the missing ones are fetched one by one. The error says why one is
  // unavailable; the next call tries it again.
  tl::expected<bool, std::string> has(const std::vector<FileRef>& files);

  // These files turned out to differ from their hashes: has() hashes them again, and fetches them.
  void doubt(const std::vector<FileRef>& files);

  void hear(const FilePart& part);

  // Continues slow work. Call it often, until next_deadline() says that there is nothing.
  void look();

  // A request that is due, if any; it counts as sent.
  std::optional<WantFile> next_message(Instant now);
  // Messages under way are lost.
  void reach_head() { asked_.reset(); }
  // The agent has another name.
  void begin_anew(const std::string& name, Incarnation incarnation);

  // Removes files beyond the bound, but none of these.
  void make_room(const std::set<Sha256>& in_use);

  // When look() or next_message() has something to do.
  Instant next_deadline() const;

 private:
  // The one file that is being fetched or hashed.
  struct Present {
    explicit Present(const FileRef& known) : file(known) {}

    FileRef file;
    std::filesystem::path path;  // until it is complete
    Descriptor opened;
    Sha256Builder hash;
    std::uint64_t upto = 0;
    bool is_fetched = false;     // else it is here and its hash is not known
    std::optional<Stamp> stamp;  // then: before it was read
  };

  struct Known {
    Stamp stamp;  // when it was whole
    std::uint64_t used = 0;
  };

  bool is_here(const Sha256& hash);
  void begin(const FileRef& file);
  void fetch(const FileRef& file);
  void fail(const std::string& error);
  void finish();
  std::filesystem::path path_of(const Sha256& hash) const { return settings_.dir / to_text(hash); }

  Settings settings_;
  std::map<Sha256, Known> here_;  // known to be whole
  std::uint64_t uses_ = 0;
  std::optional<Present> present_;
  std::optional<Instant> asked_;          // when
  std::map<Sha256, std::string> errors_;  // of unavailable files, until somebody has read the error
};

}  // namespace pq::programs
