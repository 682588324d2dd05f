#include "client/tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "client/jobs_at_head.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

Failure no_such_jobs(const std::string& jobs) { return failure_of(Refusal{ErrorWord::no_such_job, jobs}); }

}  // namespace

tl::expected<Selected, Failure> find_jobs(Connection& connection, const Selection& selection, Meant which) {
  auto selected = resolve(connection, selection, which, connection.usual_patience());
  if (selected && selected->jobs.empty() && is_of_one(selection)) {
    return tl::unexpected(Failure{ExitStatus::no_such_job, std::string(to_text(ErrorWord::no_such_job)),
                                  "there is no job yet; pq-submit --range A:B submits one"});
  }
  return selected;
}

tl::expected<JobId, Failure> find_job(Connection& connection, const Selection& selection) {
  const auto selected = find_jobs(connection, selection);
  if (!selected) return tl::unexpected(selected.error());
  return selected->jobs.front();
}

Tally::Tally(std::string program, const Selected& selected, Screen& screen)
    : program_(std::move(program)), screen_(screen) {
  for (const std::string& span : selected.missing) fail(span, no_such_jobs(span));
  for (const std::string& span : selected.unlisted)
    fail(span, {ExitStatus::failed, "not_listed", span + ": " + older_head_text});
}

std::optional<Failure> Tally::take(JobId job, const tl::expected<JobReport, Failure>& answer,
                                   const std::vector<JobId>& jobs) {
  if (answer) {
    reports_.jobs.push_back(*answer);
    return std::nullopt;
  }
  Failure failure = answer.error();
  if (concerns_all(failure)) {
    const auto first = std::find(jobs.begin(), jobs.end(), job);
    failure.text += fmt::format("; not known of {}", jobs_text(std::span(first, jobs.end())));
    return failure;
  }
  fail(std::to_string(job.value), failure);
  return std::nullopt;
}

void Tally::fail(const std::string& jobs, const Failure& failure) {
  screen_.say(fmt::format("{}: {}", program_, failure.text));
  errors_.push_back({jobs, failure.word, failure.text});
  worst_ = worse_of(worst_, failure.status);
}

std::string Tally::summary(std::string_view what_happened) const {
  std::string others;
  for (const JobsMissed& error : errors_) others += (others.empty() ? ", but not: " : ", ") + error.jobs;
  return fmt::format("{} {}{}", count_of(reports_.jobs.size(), "job"), what_happened, others);
}

Json Tally::json() const { return to_json(reports_, errors_); }

}  // namespace pq::client
