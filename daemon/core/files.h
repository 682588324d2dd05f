// The files that jobs need: which ones are stored, how far uploads have come, and which jobs need them. The
// store holds the bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "common/protocol/messages.h"
#include "common/values/errors.h"
#include "common/values/ids.h"
#include "common/values/instant.h"
#include "common/values/program.h"
#include "daemon/core/rows.h"

namespace pq::core {

class Files {
 public:
  // As stored. An upload that was unfinished when the head ended starts again.
  void restore(const std::map<Sha256, FileRow>& rows, Instant now);

  // Takes the next part of a file and answers how many bytes are stored now.
  tl::expected<FileStored, Refusal> put(const PutFile& put, Now now, Changes& changes);

  // The first of these that is not completely stored.
  std::optional<FileRef> first_missing(const std::vector<FileRef>& files) const;

  // The size of a file that is completely stored.
  std::optional<std::uint64_t> size_of(const Sha256& hash) const;

  // `job` needs these files. It can be retried as long as the head keeps them.
  void need(JobId job, const std::vector<FileRef>& files);
  // The job has failed. It may be retried, but its files are removed first when others need the room.
  void need_less(JobId job, const std::vector<FileRef>& files);
  void release(JobId job, const std::vector<FileRef>& files, Now now);

  // Which running count is wrong; nullopt: none.
  std::optional<std::string> miscounted() const;

  // Removes files that nobody has needed for a while.
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
  std::uint64_t bytes_ = 0;  // of all files, at their full size
  Instant next_look_ = Instant::never();
};

}  // namespace pq::core
