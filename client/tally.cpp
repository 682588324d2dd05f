#include "client/tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/text.h"

namespace pq {
namespace {

Failure no_such_jobs(const std::string& jobs) { return failure_of(Refusal{ErrorWord::no_such_job, jobs}); }

}  // namespace

tl::expected<Selected, Failure> find_jobs(Connection& connection, const Selection& selection, Screen& screen,
                                          bool (*is_meant)(const JobReport&)) {
  if (is_of_numbers(selection)) return select(selection, {}, is_meant);
  const auto listed = connection.ask_for<JobsReport>(AskJobs{});
  if (!listed) return tl::unexpected(listed.error());
  Selected selected = select(selection, *listed, is_meant);
  if (selected.jobs.empty() && is_of_one(selection)) {
    return tl::unexpected(Failure{ExitStatus::no_such_job, std::string(to_text(ErrorWord::no_such_job)),
                                  "there is no job yet; pq-submit --range A:B submits one"});
  }
  if (selected.reaches_unlisted) {
    screen.say(fmt::format("without {} older than job {}, which the head does not list; give their numbers",
                           count_of(listed->left_out, "job"), listed->jobs.front().job.value));
  }
  return selected;
}

tl::expected<JobId, Failure> find_job(Connection& connection, const Selection& selection, Screen& screen) {
  const auto selected = find_jobs(connection, selection, screen);
  if (!selected) return tl::unexpected(selected.error());
  return selected->jobs.front();
}

Tally::Tally(std::string program, const Selected& selected, Screen& screen)
    : program_(std::move(program)), screen_(screen) {
  for (const std::string& span : selected.missing) fail(span, no_such_jobs(span));
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
    failure.text += fmt::format("; not known of {}", jobs_text({first, jobs.end()}));
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
  for (const Error& error : errors_) others += (others.empty() ? ", but not: " : ", ") + error.jobs;
  return fmt::format("{} {}{}", count_of(reports_.jobs.size(), "job"), what_happened, others);
}

Json Tally::json() const {
  Json json = to_json(reports_);
  Json& errors = json["errors"] = Json::array();
  for (const Error& error : errors_)
    errors.push_back({{"jobs", error.jobs}, {"word", error.word}, {"text", error.text}});
  return json;
}

}  // namespace pq
