#include "daemon/store/backups.h"

#include <fmt/format.h>

#include <utility>

#include "common/values/check.h"
#include "common/values/limits.h"
#include "common/values/text.h"
#include "daemon/store/backup_names.h"

namespace pq::store {

namespace {

std::string words_of(const BackedUp& backup) {
  std::string words = fmt::format("{}, {} bytes", backup.path, backup.bytes);
  if (backup.removed > 0) words += fmt::format("; {} removed", count_of(backup.removed, "older one"));
  return words;
}

}  // namespace

std::optional<HeadToClient> Backups::ask(const Asker& asker, const BackUp& wish, UnixMs now) {
  if (last_ && last_->id == wish.id) return last_->answer;
  if (under_way_ && under_way_->id == wish.id) {
    under_way_->asker = asker;
    return std::nullopt;
  }
  if (under_way_) return Refusal{ErrorWord::backup_under_way, under_way_->name};
  if (!wish.name.empty() && !is_file_name(wish.name)) {
    return Refusal{ErrorWord::malformed,
                   fmt::format("a backup's name is 1 to {} letters, digits, dots, underscores and dashes",
                               limits::name_bytes_max)};
  }
  if (wish.keep == 0U) return Refusal{ErrorWord::malformed, "keep is at least 1: the backup itself"};
  const std::string name = wish.name.empty() ? dated_name(now) : wish.name;
  if (const auto refusal = store_.begin_backup(name)) return *refusal;
  under_way_ = {wish.id, name, wish.keep, asker};
  return std::nullopt;
}

void Backups::advance(Effects& effects) {
  check(under_way_.has_value(), "only a backup that is under way goes on");
  std::optional<BackupEnd> end = store_.continue_backup();
  if (!end) return;
  const auto [id, name, keep, asker] = *std::exchange(under_way_, std::nullopt);
  const bool is_made = end->has_value();
  if (is_made && keep) (*end)->removed = remove_older(*keep);
  effects.events.push_back({is_made ? Happening::backup_made : Happening::backup_failed,
                            {},
                            "",
                            is_made ? words_of(**end) : name + ": " + end->error().detail});
  last_ = {id, is_made ? HeadToClient(**end) : HeadToClient(end->error())};
  effects.outgoing.push_back({asker.peer, Letter<HeadToClient>{asker.request, last_->answer}});
}

// Only after a newer one is there. One that cannot be removed is tried again with the next backup.
std::uint64_t Backups::remove_older(std::uint64_t keep) {
  std::uint64_t removed = 0;
  for (const std::string& name : too_many(store_.backups(), keep))
    removed += store_.remove_backup(name) ? 1 : 0;
  return removed;
}

}  // namespace pq::store
