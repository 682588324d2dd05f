#include "agent/interruption/notice_watch.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace pq::interruption {

NoticeWatch::NoticeWatch(std::unique_ptr<InterruptionSource> source, const Clock& clock) {
  if (source) lookout_.emplace(std::move(source), clock);
}

std::size_t NoticeWatch::look(Now now) {
  const std::optional<Notice> before = notice();
  std::size_t errors = 0;
  if (const auto outlook = lookout_ ? lookout_->take() : std::nullopt) {
    errors = outlook->errors.size();
    log({outlook->errors.begin(), outlook->errors.end()});
    forewarning_.hear(*outlook, now);
  }
  forewarning_.settle(now);
  if (notice() != before) {
    spdlog::warn(
        "{}", notice() ? "notice: " + to_text(*notice()) : "the notice was withdrawn: " + to_text(*before));
  }
  return errors;
}

void NoticeWatch::log(const std::set<std::string>& complaints) {
  for (const std::string& complaint : complaints) {
    if (!complaints_.contains(complaint)) spdlog::warn("{}", complaint);
  }
  if (complaints.empty() && !complaints_.empty())
    spdlog::info("the cloud's metadata service answers as it should again");
  complaints_ = complaints;
}

}  // namespace pq::interruption
