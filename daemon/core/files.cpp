#include "daemon/core/files.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "common/values/limits.h"
#include "daemon/core/limits.h"

namespace pq::core {

void Files::restore(const std::map<Sha256, FileRow>& rows, Instant now) {
  for (const auto& [hash, row] : rows) {
    Entry& entry = files_[hash];
    entry.row = row;
    entry.unused_since = now;
    bytes_ += row.size;
  }
  if (!files_.empty()) next_look_ = now + limits::unused_file_kept;
}

// ---------------------------------------------------------------- sending

tl::expected<FileStored, Refusal> Files::put(const PutFile& put, Now now, Changes& changes) {
  if (put.size > limits::file_bytes_max) {
    return tl::unexpected(Refusal{ErrorWord::too_much, "the file has " + std::to_string(put.size) +
                                                           " bytes, and the limit is " +
                                                           std::to_string(limits::file_bytes_max)});
  }
  if (!files_.contains(put.hash)) {
    if (!make_room(put.size, changes)) {
      return tl::unexpected(Refusal{ErrorWord::too_much, "the files of all jobs would exceed the limit of " +
                                                             std::to_string(limits::files_bytes_max) +
                                                             " bytes"});
    }
    Entry& entry = files_[put.hash];
    entry.row = {put.hash, put.size, 0};
    bytes_ += put.size;
    begin_anew(entry, changes);
  }
  Entry& entry = files_.at(put.hash);
  entry.unused_since = now.instant;
  next_look_ = std::min(next_look_, now.instant + limits::unused_file_kept);
  if (entry.row.size != put.size)
    return tl::unexpected(Refusal{ErrorWord::malformed, "a file of another size has this hash"});
  const bool is_whole_already = entry.row.upto == entry.row.size && !entry.hashed;
  if (!is_whole_already && !entry.hashed) begin_anew(entry, changes);  // the head has restarted meanwhile
  const std::string& part = put.part.data;
  if (is_whole_already || put.offset != entry.row.upto || part.size() > entry.row.size - entry.row.upto)
    return FileStored{put.hash, entry.row.upto};
  if (part.empty() && entry.row.size > 0) return FileStored{put.hash, entry.row.upto};
  entry.hashed->add(part);
  if (!part.empty()) changes.file_parts.push_back({put.hash, put.offset, part});
  entry.row.upto += part.size();
  if (entry.row.upto == entry.row.size) {
    if (std::exchange(entry.hashed, std::nullopt)->finish() != put.hash) {
      begin_anew(entry, changes);
      return tl::unexpected(
          Refusal{ErrorWord::malformed, "the bytes of a file do not have its hash: it has changed"});
    }
  }
  changes.files[put.hash] = entry.row;
  return FileStored{put.hash, entry.row.upto};
}

void Files::begin_anew(Entry& entry, Changes& changes) {
  std::erase_if(changes.file_parts, [&](const FilePartRow& part) { return part.hash == entry.row.hash; });
  entry.row.upto = 0;
  entry.hashed.emplace();
  changes.files[entry.row.hash] = entry.row;
}

// ---------------------------------------------------------------- who needs them

std::optional<std::uint64_t> Files::size_of(const Sha256& hash) const {
  const auto found = files_.find(hash);
  const bool is_whole =
      found != files_.end() && found->second.row.upto == found->second.row.size && !found->second.hashed;
  return is_whole ? std::optional(found->second.row.size) : std::nullopt;
}

std::optional<FileRef> Files::first_missing(const std::vector<FileRef>& files) const {
  for (const FileRef& file : files) {
    if (size_of(file.hash) != file.bytes) return file;
  }
  return std::nullopt;
}

// A restored job may name files that were removed after it had failed.
void Files::need(JobId job, const std::vector<FileRef>& files) {
  for (const FileRef& file : files) {
    const auto found = files_.find(file.hash);
    if (found == files_.end()) continue;
    found->second.needed_by.insert(job);
    found->second.kept_for.erase(job);
  }
}

void Files::need_less(JobId job, const std::vector<FileRef>& files) {
  for (const FileRef& file : files) {
    const auto found = files_.find(file.hash);
    if (found == files_.end()) continue;
    found->second.needed_by.erase(job);
    found->second.kept_for.insert(job);
  }
}

void Files::release(JobId job, const std::vector<FileRef>& files, Now now) {
  for (const FileRef& file : files) {
    const auto found = files_.find(file.hash);
    if (found == files_.end()) continue;
    found->second.needed_by.erase(job);
    found->second.kept_for.erase(job);
    found->second.unused_since = now.instant;
    next_look_ = std::min(next_look_, now.instant + limits::unused_file_kept);
  }
}

std::optional<std::string> Files::miscounted() const {
  std::uint64_t bytes = 0;
  for (const auto& [hash, file] : files_) {
    bytes += file.row.size;
    if (file.row.upto > file.row.size) return "more of a file is there than it has";
    if (!file.needed_by.empty() && file.hashed) return "a job needs a file that is still being sent";
  }
  return bytes == bytes_ ? std::nullopt : std::optional<std::string>("the bytes of all files are miscounted");
}

// Removes first what nobody has needed for longest, then what failed jobs would need for a retry.
bool Files::make_room(std::uint64_t bytes, Changes& changes) {
  while (bytes_ + bytes > limits::files_bytes_max) {
    auto victim = files_.end();
    for (auto file = files_.begin(); file != files_.end(); ++file) {
      const Entry& entry = file->second;
      if (!entry.needed_by.empty() || (entry.hashed && entry.row.upto < entry.row.size)) continue;
      const auto order = [](const Entry& e) { return std::pair(!e.kept_for.empty(), e.unused_since); };
      if (victim == files_.end() || order(entry) < order(victim->second)) victim = file;
    }
    if (victim == files_.end()) return false;
    erase(victim, changes);
  }
  return true;
}

void Files::erase(std::map<Sha256, Entry>::iterator file, Changes& changes) {
  std::erase_if(changes.file_parts, [&](const FilePartRow& part) { return part.hash == file->first; });
  changes.files[file->first] = std::nullopt;
  bytes_ -= file->second.row.size;
  files_.erase(file);
}

void Files::settle(Now now, Changes& changes) {
  if (now.instant < next_look_) return;
  next_look_ = Instant::never();
  for (auto file = files_.begin(); file != files_.end();) {
    const auto next = std::next(file);
    const Entry& entry = file->second;
    if (entry.needed_by.empty() && entry.kept_for.empty()) {
      const Instant goes_at = entry.unused_since + limits::unused_file_kept;
      if (now.instant >= goes_at) {
        erase(file, changes);
      } else {
        next_look_ = std::min(next_look_, goes_at);
      }
    }
    file = next;
  }
}

}  // namespace pq::core
