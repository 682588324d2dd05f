#include "client/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "client/output.h"
#include "client/typography.h"
#include "common/report/figures.h"
#include "common/values/duration.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

constexpr std::size_t bar_columns_min = 10;
constexpr std::size_t bar_columns_max = 40;

// The speed and the time left, or why they are unknown.
std::vector<std::string> remarks(const JobReport& report) {
  if (report.state == JobState::paused) return {"paused"};
  if (report.state == JobState::queued) {
    return {"queued", report.unplaced ? printable(*report.unplaced) : "no agent has taken it yet"};
  }
  std::vector<std::string> texts = {rate_text(report.rate_per_s)};
  if (const auto left_s = eta_s(report)) texts.push_back(to_text(from_seconds(*left_s)) + " left");
  if (report.failed > 0) texts.push_back(grouped(report.failed) + " failed");
  return texts;
}

std::string bar(double fraction, std::size_t columns) {
  const auto full = static_cast<std::size_t>(fraction * static_cast<double>(columns));
  return fmt::format("[{}{}]", std::string(full, '#'), std::string(columns - full, '-'));
}

}  // namespace

std::string progress_bar(const JobReport& report, std::size_t columns) {
  std::string left = fmt::format("job {}  {:>7}", report.job.value, percent(report));
  std::string right;
  for (const std::string& remark : remarks(report)) {
    if (columns_of(left) + columns_of(right) + 2 + columns_of(remark) <= columns) right += "  " + remark;
  }
  // Two spaces and two brackets are the bar's frame.
  const std::size_t taken = columns_of(left) + columns_of(right) + 4;
  if (taken + bar_columns_min <= columns) {
    left += "  " + bar(fraction_done(report), std::min(columns - taken, bar_columns_max));
  }
  return shortened(left + right, std::max<std::size_t>(columns, 1));
}

std::string progress_line(const JobReport& report) {
  return fmt::format("{}: {}, {}", title(report), percent(report), fmt::join(remarks(report), ", "));
}

void Progress::show(const JobReport& report, Instant now) {
  if (shown_at_ && now - *shown_at_ < screen_.pause()) return;
  shown_at_ = now;
  if (screen_.is_terminal()) {
    // A line that reaches the last column would wrap on some terminals.
    screen_.draw(progress_bar(report, std::max<std::size_t>(screen_.columns(), 2) - 1));
  } else {
    screen_.say(progress_line(report));
  }
}

}  // namespace pq::client
