#include "daemon/store/backups.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "common/values/check.h"
#include "common/values/limits.h"
#include "common/values/text.h"

namespace pq::store {
namespace {

// "2026-01-31T12-30-05.123Z": sorts by time, and needs no quotes.
std::string name_of(UnixMs time) {
  const auto second = fmt::gmtime(static_cast<std::time_t>(time / 1000));
  return fmt::format("{:%Y-%m-%dT%H-%M-%S}.{:03}Z", second, time % 1000);
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
  const std::string name = wish.name.empty() ? name_of(now) : wish.name;
  if (const auto refusal = store_.begin_backup(name)) return *refusal;
  under_way_ = {wish.id, name, asker};
  return std::nullopt;
}

void Backups::advance(Effects& effects) {
  check(under_way_.has_value(), "only a backup that is under way goes on");
  const std::optional<BackupEnd> end = store_.continue_backup();
  if (!end) return;
  const auto [id, name, asker] = *std::exchange(under_way_, std::nullopt);
  const bool is_made = end->has_value();
  effects.events.push_back({is_made ? Happening::backup_made : Happening::backup_failed,
                            {},
                            "",
                            is_made ? fmt::format("{}, {} bytes", (*end)->path, (*end)->bytes)
                                    : name + ": " + end->error().detail});
  last_ = {id, is_made ? HeadToClient(**end) : HeadToClient(end->error())};
  effects.outgoing.push_back({asker.peer, Letter<HeadToClient>{asker.request, last_->answer}});
}

}  // namespace pq::store
