#include "agent/interruption/forewarning.h"

#include <chrono>

namespace pq::interruption {

void Forewarning::hear(const Outlook& outlook, Now now) {
  const bool is_less = !outlook.notice || (ends() && outlook.notice->kind != NoticeKind::interruption);
  if (outlook.errors.empty() || !is_less) hear(outlook.notice, now);
}

void Forewarning::hear(const std::optional<Notice>& seen, Now now) {
  if (!seen) {
    notice_.reset();
    return;
  }
  const bool is_known = notice_ && notice_->text == seen->text &&
                        (notice_->kind == seen->kind || notice_->kind == NoticeKind::passed);
  // A notice that has passed stays passed until its end is moved to a later time.
  const bool is_put_off = is_known && notice_->kind == NoticeKind::passed && seen->ends_unix_ms &&
                          *seen->ends_unix_ms > now.unix_ms;
  if (is_known && !is_put_off) return settle(now);
  notice_ = seen;
  ends_ = now.instant + end_assumed;
  if (seen->ends_unix_ms) ends_ = now.instant + std::chrono::milliseconds(*seen->ends_unix_ms - now.unix_ms);
  settle(now);
}

void Forewarning::settle(Now now) {
  if (ends() && now.instant >= ends_ + grace) notice_->kind = NoticeKind::passed;
}

std::optional<Instant> Forewarning::ends() const {
  if (!notice_ || notice_->kind != NoticeKind::interruption) return std::nullopt;
  return ends_;
}

Instant Forewarning::next_deadline() const { return ends() ? ends_ + grace : Instant::never(); }

}  // namespace pq::interruption
