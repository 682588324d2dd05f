#include "common/report/figures.h"

#include <algorithm>
#include <cmath>

#include "common/values/check.h"

namespace pq {
namespace {

// A report from a head with wrong counts must not underflow here.
std::uint64_t integers_left(const JobReport& report) {
  const std::uint64_t width = report.spec.range.width();
  const std::uint64_t done = std::min(report.done, width);
  return width - done - std::min(report.failed, width - done);
}

}  // namespace

bool value_is_final(const JobReport& report) { return report.state == JobState::done; }

bool value_is_partial(const JobReport& report) {
  return has_ended(report.state) && !value_is_final(report) && report.value.has_value();
}

double fraction_done(const JobReport& report) {
  const std::uint64_t width = report.spec.range.width();
  if (report.done >= width) return 1;
  const double fraction = static_cast<double>(report.done) / static_cast<double>(width);
  return std::min(fraction, std::nextafter(1.0, 0.0));
}

std::optional<double> eta_s(const JobReport& report) {
  if (has_ended(report.state) || report.stuck || !(report.rate_per_s > 0)) return std::nullopt;
  return static_cast<double>(integers_left(report)) / report.rate_per_s;
}

std::optional<EtaBand> eta_band_s(const JobReport& report) {
  const auto middle = eta_s(report);
  if (!middle || !(report.rate_spread_per_s > 0)) return std::nullopt;
  const double part =
      std::min(report.rate_spread_per_s / report.rate_per_s, 0.9);  // ten times as long, at most
  return EtaBand{*middle / (1 + part), *middle / (1 - part)};
}

std::optional<Duration> time_taken(const JobReport& report) {
  if (!report.finished_unix_ms) return std::nullopt;
  const UnixMs began = report.started_unix_ms.value_or(report.created_unix_ms);
  // The head's wall clock may have been set back, or far ahead, in between. A time that does not fit counts
  // as the longest one.
  constexpr auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max());
  const Int128 taken_ms = Int128{*report.finished_unix_ms} - began;
  return std::chrono::milliseconds(static_cast<UnixMs>(std::clamp<Int128>(taken_ms, 0, longest.count())));
}

ExitStatus exit_status_of(const JobReport& ended) {
  check(has_ended(ended.state), "only_an_ended_job_has_an_exit_status");
  if (ended.state == JobState::cancelled) return ExitStatus::cancelled;
  return ended.state == JobState::done && ended.failed == 0 ? ExitStatus::done : ExitStatus::failed;
}

}  // namespace pq
