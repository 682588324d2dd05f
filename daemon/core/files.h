// The files that jobs need: which are there, how far those that are being sent have come, and who needs them.
// Their bytes are in the store; here is what follows from them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tl/expected.hpp>
#include <vector>

#include "common/errors.h"
#include "common/ids.h"
#include "common/instant.h"
#include "common/messages.h"
#include "common/program.h"
#include "daemon/core/rows.h"

namespace pq {

class Files {
 public:
  // As stored. What was being sent when the head ended is sent again from its begin.
  void restore(const std::map<Sha256, FileRow>& rows, Instant now);

  // Takes the part that follows what is there, and tells how much that is now.
  tl::expected<FileStored, Refusal> put(const PutFile& put, Now now, Changes& changes);

  // The first of these that is not there as a whole.
  std::optional<FileRef> first_missing(const std::vector<FileRef>& files) const;

  // Of one that is there as a whole.
  std::optional<std::uint64_t> size_of(const Sha256& hash) const;

  // `job` needs these, and may be tried again as long as it keeps them.
  void need(JobId job, const std::vector<FileRef>& files);
  // It has failed: it may be tried again, but its files go first where there is no room for others.
  void need_less(JobId job, const std::vector<FileRef>& files);
  void release(JobId job, const std::vector<FileRef>& files, Now now);

  // Files that nobody needs go after a while.
  void settle(Now now, Changes& changes);
  Instant next_deadline() const { return next_look_; }

 private:
  struct Entry {
    FileRow row;
    std::optional<Sha256Builder> hashed;  // of [0, upto), while it is being sent
    std::set<JobId> needed_by;
    std::set<JobId> kept_for;  // jobs that have failed
    Instant unused_since;
  };

  bool make_room(std::uint64_t bytes, Changes& changes);
  void erase(std::map<Sha256, Entry>::iterator file, Changes& changes);
  void begin_anew(Entry& entry, Changes& changes);

  std::map<Sha256, Entry> files_;
  std::uint64_t bytes_ = 0;  // of all, as large as they will be
  Instant next_look_ = Instant::never();
};

}  // namespace pq
