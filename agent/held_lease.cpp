#include "agent/held_lease.h"

#include <algorithm>
#include <vector>

#include "common/protocol/limits.h"
#include "common/values/check.h"
#include "common/values/job.h"
#include "common/values/text.h"

namespace pq::agent {
namespace {

std::size_t bytes_of(const std::vector<CollectedRun>& runs) {
  std::size_t bytes = 0;
  for (const CollectedRun& run : runs) bytes += run.text.size() + sizeof run;
  return bytes;
}

}  // namespace

HeldLease::HeldLease(const LeaseOrder& order, bool is_express)
    : job_(order.job),
      attempt_(order.attempts_failed + 1),
      is_express_(is_express),
      begin_(order.range.begin),
      upto_(order.range.begin),
      end_(order.range.end) {}

bool HeldLease::is_dear() const { return is_express_ && express_took_ > limits::express_turn; }

// ---------------------------------------------------------------- its step

Range HeldLease::begin_step(std::uint64_t end) {
  check(wants_slot() && upto_ < end && end <= end_, "a step is of what is left of its lease");
  step_end_ = end;
  return {upto_, end};
}

void HeldLease::finish_step(const StepResult& result, Fold how, Instant fresh_until, Instant now) {
  check(result.upto <= *step_end_, "a step that was curtailed ends where its slot has said");
  give_up_step();
  if (is_express_) express_took_ += result.took;
  if (result.upto > upto_) {
    const bool is_collected = !result.collected.empty();
    const Untold before{upto_, value_, result.upto, bytes_of(result.collected), is_collected, fresh_until};
    keep_value(result, how);
    if (is_collected || fresh_until > now) untold_.push_back(before);
    upto_ = result.upto;
  }
  if (result.failed) fail(result.failed->upto, result.failed->error, result.failed->cannot_start);
}

// The head checks at the end whether the total fits: intermediate sums may exceed what can be shown.
void HeldLease::keep_value(const StepResult& result, Fold how) {
  if (how == Fold::none) return;
  check(result.value.has_value(), "what is computed has a value");
  value_ = value_ ? fold(how, *value_, *result.value) : result.value;
  check(value_.has_value(), "what is computed can be folded");
}

void HeldLease::give_up_step() {
  step_end_.reset();
  end_wanted_.reset();
}

bool HeldLease::wants_early_end(const JobOrder& order) {
  if (end_wanted_) return false;
  const auto first = run_at(order, upto_, *step_end_);
  if (!first || first->end >= *step_end_) return false;
  end_wanted_ = end_;
  return true;
}

bool HeldLease::curtail(std::uint64_t end) {
  if (!end_wanted_ || end >= *step_end_) return false;
  step_end_ = end;
  end_ = std::min(end_, std::max(*end_wanted_, end));
  return true;
}

// ---------------------------------------------------------------- its end

bool HeldLease::lower_end(const JobOrder& order, std::uint64_t end) {
  const std::uint64_t begun = step_end_.value_or(upto_);
  if (end > upto_) end = run_boundary({order.begin, end_}, run_width(order), end);
  end_ = std::min(end_, std::max(end, begun));
  if (end >= begun || !step_end_) return false;
  const auto first = run_at(order, upto_, *step_end_);
  if (!first || first->end >= *step_end_) return false;
  const bool is_news = !end_wanted_;
  end_wanted_ = std::min(end_wanted_.value_or(end), end);
  return is_news;
}

void HeldLease::fail(std::uint64_t upto, std::string_view error, bool cannot_start) {
  failed_ = FailedPart{upto, std::string(beginning(error, limits::error_bytes_max)), cannot_start};
}

// ---------------------------------------------------------------- what is told

void HeldLease::output_is_stored(std::uint64_t upto) {
  for (Untold& untold : untold_) {
    if (untold.upto <= upto) untold.awaits_store = false;
  }
}

bool HeldLease::tell(Instant now) {
  const bool was_over = is_over();
  while (!untold_.empty() && !untold_.front().awaits_store && untold_.front().fresh_until <= now)
    untold_.pop_front();
  return is_over() && !was_over;
}

Instant HeldLease::tells_at(Instant now) const {
  const bool waits = !untold_.empty() && untold_.front().fresh_until > now;
  return waits ? untold_.front().fresh_until : Instant::never();
}

void HeldLease::doubt(Instant until, Instant now) {
  for (Untold& untold : untold_) {
    if (untold.fresh_until > now) untold.fresh_until = std::max(untold.fresh_until, until);
  }
}

void HeldLease::give_back_fresh(Instant now) {
  const auto fresh = std::find_if(untold_.begin(), untold_.end(),
                                  [&](const Untold& untold) { return untold.fresh_until > now; });
  if (fresh == untold_.end()) return;
  upto_ = fresh->told_upto;
  value_ = fresh->told_value;
  failed_.reset();
  untold_.erase(fresh, untold_.end());
}

std::size_t HeldLease::untold_bytes() const {
  std::size_t bytes = 0;
  for (const Untold& untold : untold_) bytes += untold.bytes;
  return bytes;
}

LeaseView HeldLease::view(LeaseId id) const {
  LeaseView view{.lease = id,
                 .begin = begin_,
                 .upto = untold_.empty() ? upto_ : untold_.front().told_upto,
                 .end = end_,
                 .value = untold_.empty() ? value_ : untold_.front().told_value,
                 .failed_upto = std::nullopt,
                 .error = std::nullopt,
                 .express = is_express_};
  if (!untold_.empty()) return view;
  if (failed_) {
    view.failed_upto = failed_->upto;
    view.error = failed_->error;
    view.cannot_start = failed_->cannot_start;
  }
  view.step_end = step_end_;
  return view;
}

}  // namespace pq::agent
