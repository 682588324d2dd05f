// Files of jobs, fetched from the head once and kept under their hash. Bounded: those that were not used for
// the longest time go first, never those of jobs that the agent knows. A file of an earlier life of this
// agent is read and hashed before it is used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/process.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/messages.h"
#include "common/sha256.h"

namespace pq {

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

  // Whether all of them are here; if not, what is missing is fetched by and by. The error says why one cannot
  // be had; asked again, it is tried again.
  tl::expected<bool, std::string> has(const std::vector<FileRef>& files);

  void hear(const FilePart& part);

  // Goes on with what takes time here. Call it often until next_deadline() says that there is nothing.
  void look();

  // A request that is due, if any; it is taken as sent.
  std::optional<WantFile> next_message(Instant now);
  // What was on its way is lost.
  void reach_head() { asked_.reset(); }

  // Removes what is too much, but none of these.
  void make_room(const std::set<Sha256>& in_use);

  // When look() or next_message() has something to do.
  Instant next_deadline() const;

 private:
  // The one file that is on its way, or is being looked at.
  struct Present {
    explicit Present(const FileRef& known) : file(known) {}

    FileRef file;
    std::filesystem::path path;  // as long as it is not whole
    Descriptor opened;
    Sha256Builder hash;
    std::uint64_t upto = 0;
    bool is_fetched = false;  // else it is here and its hash is not known
  };

  void begin(const FileRef& file);
  void fetch(const FileRef& file);
  void fail(const std::string& error);
  void finish();
  std::filesystem::path path_of(const Sha256& hash) const { return settings_.dir / to_text(hash); }

  const Settings settings_;
  std::set<Sha256> here_;  // known to be whole
  std::optional<Present> present_;
  std::optional<Instant> asked_;          // when
  std::map<Sha256, std::string> errors_;  // of those that cannot be had, until somebody has heard it
};

}  // namespace pq
