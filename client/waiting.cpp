#include "client/waiting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "client/output.h"
#include "client/progress.h"
#include "client/selection.h"
#include "common/report/figures.h"
#include "common/report/json.h"

namespace pq::client {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_patience = 200ms;  // most short jobs end before anything is drawn
constexpr std::chrono::milliseconds terminal_patience = 500ms;
constexpr std::chrono::milliseconds plain_patience = 10s;

Failure not_ended(const Connection& connection, std::span<const JobId> awaited, ExitStatus status) {
  const bool is_interrupted = status == ExitStatus::interrupted;
  const std::string reason = is_interrupted ? "interrupted" : connection.timeout_flag() + " reached";
  const std::string which = selection_text(awaited);
  return {.status = status,
          .word = is_interrupted ? "interrupted" : "timed_out",
          .text = awaited.size() == 1
                      ? fmt::format("{}; job {} goes on: pq-wait {} waits for it again, pq-cancel {} ends it",
                                    reason, which, which, which)
                      : fmt::format("{}; jobs {} go on, unless they have ended: pq-wait {} waits for them "
                                    "again, pq-cancel {} ends them",
                                    reason, which, which, which)};
}

}  // namespace

tl::expected<JobReport, Failure> ended_job(Connection& connection, JobId job, std::span<const JobId> awaited,
                                           Screen& screen, std::optional<RequestId> submission) {
  Progress progress(screen);
  std::chrono::milliseconds patience = first_patience;
  while (true) {
    const Duration time_left = connection.time_left();
    if (time_left <= 0ms) return tl::unexpected(not_ended(connection, awaited, ExitStatus::timed_out));
    const auto asked = std::min(patience, std::chrono::ceil<std::chrono::milliseconds>(time_left));
    const Wait question{
        .job = job, .patience_ms = static_cast<std::uint32_t>(asked.count()), .submission = submission};
    auto report = connection.ask_for<JobReport>(question, time_left);
    if (!report) {
      const ExitStatus status = report.error().status;
      const bool goes_on = status == ExitStatus::timed_out || status == ExitStatus::interrupted;
      return tl::unexpected(goes_on ? not_ended(connection, awaited, status) : std::move(report.error()));
    }
    if (has_ended(report->state)) return report;
    progress.show(*report, connection.now());
    patience = screen.is_terminal() ? terminal_patience : plain_patience;
  }
}

Flag partial_flag() {
  return {"partial", "",
          "print also what a job that failed or was cancelled has computed, which is no total"};
}

Printing printing(const Arguments& arguments, bool json) {
  if (json) return Printing::json;
  return arguments.has("partial") ? Printing::partial_too : Printing::total;
}

std::optional<Value> printed_value(const JobReport& ended, Printing printing) {
  const bool is_wanted =
      printing == Printing::partial_too || (printing == Printing::total && value_is_final(ended));
  return is_wanted ? ended.value : std::nullopt;
}

Outcome wait_for_end(Connection& connection, JobId job, Screen& screen, Printing printing,
                     std::optional<RequestId> submission) {
  const auto ended = ended_job(connection, job, std::array{job}, screen, submission);
  if (!ended) return tl::unexpected(ended.error());
  screen.say(end_line(*ended));
  if (printing == Printing::json) print(to_line(to_json(*ended)));
  if (const auto value = printed_value(*ended, printing)) print(to_text(*value));
  return exit_status_of(*ended);
}

}  // namespace pq::client
