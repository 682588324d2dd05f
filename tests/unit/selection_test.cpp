// Which jobs a command means, by what is typed and by what the head lists.
#include "client/selection.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "client/failure.h"
#include "common/values/errors.h"
#include "tests/rooms.h"

using namespace pq;
using namespace pq::tests;

namespace {

using Spans = std::vector<JobSpan>;

JobsReport listed(const std::vector<std::uint64_t>& numbers, std::uint64_t left_out = 0) {
  JobsReport report{.jobs = {}, .left_out = left_out};
  for (const std::uint64_t number : numbers) report.jobs.emplace_back().job = JobId{number};
  return report;
}

std::vector<JobId> ids(const std::vector<std::uint64_t>& numbers) {
  std::vector<JobId> jobs;
  jobs.reserve(numbers.size());
  for (const std::uint64_t number : numbers) jobs.push_back(JobId{number});
  return jobs;
}

Selected selected(const std::string& text, const JobsReport& report) {
  return select(parse_selection(text), report);
}

std::string refusal_of(const std::string& text) {
  try {
    parse_selection(text);
  } catch (const EnvironmentError& error) {
    CHECK(error.status() == ExitStatus::usage);
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("jobs are selected by their numbers, by spans of them, as the last one, or all") {
  CHECK(parse_selection("7") == Selection(Spans{{7, 7}}));
  CHECK(parse_selection("1-3,5") == Selection(Spans{{1, 3}, {5, 5}}));
  CHECK(parse_selection("last") == Selection(LastJob{}));
  CHECK(parse_selection("all") == Selection(AllJobs{}));
  CHECK(parse_selection("18446744073709551615") == Selection(Spans{{~std::uint64_t{0}, ~std::uint64_t{0}}}));
}

TEST_CASE("a selection that makes no sense is refused with the word that makes none") {
  for (const char* word : {"", "0", "-1", "1-", "1-2-3", "x", "1.0", "1e3", "Last", "0-3", " 1"})
    CHECK(refusal_of(word).starts_with('"' + std::string(word) + "\" is not the number of a job"));
  for (const char* text : {"1,", ",1", "1,,2"}) CHECK(refusal_of(text).starts_with("\"\" is not"));
  CHECK(refusal_of("1,2-x,3").starts_with("\"2-x\" is not"));
  CHECK(refusal_of("99999999999999999999").starts_with("\"99999999999999999999\" is not"));
  CHECK(refusal_of("5,9-3") == "\"9-3\" is reversed; write 3-9");
  CHECK(refusal_of("1,last") == "\"last\" stands alone, without other jobs");
  CHECK(refusal_of("all,3") == "\"all\" stands alone, without other jobs");
  CHECK(refusal_of("\x1b[2J").find('\x1b') == std::string::npos);
}

TEST_CASE("a number and the last job are one job, whatever else is a list") {
  for (const char* one : {"7", "last", "7-7"}) CHECK(is_of_one(parse_selection(one)));
  for (const char* several : {"1-3", "1,2", "all", "1,1"}) CHECK_FALSE(is_of_one(parse_selection(several)));
  for (const char* known : {"7", "7,9"}) CHECK(is_of_numbers(parse_selection(known)));
  for (const char* unknown : {"7,8-9", "last", "all"}) CHECK_FALSE(is_of_numbers(parse_selection(unknown)));
}

TEST_CASE("a span means the jobs that are there, a number a job that must be there") {
  const JobsReport report = listed({2, 3, 5, 8});
  CHECK(selected("1-4,8,3", report) == Selected{.jobs = ids({2, 3, 8})});
  CHECK(selected("9,1-2", report) == Selected{.jobs = ids({2, 9})});
  CHECK(selected("6-7,5-5,10-12", report) == Selected{.jobs = ids({5}), .missing = {"6-7", "10-12"}});
  CHECK(selected("last", report) == Selected{.jobs = ids({8})});
  CHECK(selected("last", {}) == Selected{});
  CHECK(selected("all", report) == Selected{.jobs = ids({2, 3, 5, 8})});
}

TEST_CASE("a span over every number that there is costs no more than the jobs in it") {
  CHECK(selected("1-18446744073709551615", listed({2, 900})) == Selected{.jobs = ids({2, 900})});
}

TEST_CASE("all means those that the command is for") {
  JobsReport report = listed({1, 2, 3, 4, 5, 6});
  constexpr std::array states = {JobState::queued, JobState::running, JobState::paused,
                                 JobState::done,   JobState::failed,  JobState::cancelled};
  for (std::size_t i = 0; i < states.size(); ++i) report.jobs[i].state = states[i];
  report.jobs[1].failed = 7;
  report.jobs[5].failed = 7;
  const auto all = [&](Meant which) { return select(AllJobs{}, report, which); };
  CHECK(all(Meant::any) == Selected{.jobs = ids({1, 2, 3, 4, 5, 6})});
  CHECK(all(Meant::live) == Selected{.jobs = ids({1, 2, 3})});
  CHECK(all(Meant::unpaused) == Selected{.jobs = ids({1, 2})});
  CHECK(all(Meant::paused) == Selected{.jobs = ids({3})});
  CHECK(all(Meant::retryable) == Selected{.jobs = ids({2, 5})});
  CHECK(all(Meant::ended) == Selected{.jobs = ids({4, 5, 6})});
}

TEST_CASE("it is known when older jobs may be meant that an older head did not list") {
  const JobsReport report = listed({500, 501}, 499);
  CHECK(selected("all", report) == Selected{.jobs = ids({500, 501}), .unlisted = {"all"}});
  CHECK(selected("400-501", report) == Selected{.jobs = ids({500, 501}), .unlisted = {"400-501"}});
  CHECK(selected("1-9", report) == Selected{.unlisted = {"1-9"}});
  CHECK(selected("500-501", report) == Selected{.jobs = ids({500, 501})});
  CHECK(selected("7", report) == Selected{.jobs = ids({7})});
}

TEST_CASE("a selection is written as short as it is understood") {
  CHECK(selection_text(ids({})).empty());
  CHECK(selection_text(ids({7})) == "7");
  CHECK(selection_text(ids({1, 2, 4, 5, 6, 9})) == "1,2,4-6,9");
  CHECK(jobs_text(ids({7})) == "job 7");
  CHECK(jobs_text(ids({7, 8, 9})) == "jobs 7-9");
}

TEST_CASE("of several exit statuses the worst one is told") {
  CHECK(worse_of(ExitStatus::done, ExitStatus::cancelled) == ExitStatus::cancelled);
  CHECK(worse_of(ExitStatus::failed, ExitStatus::cancelled) == ExitStatus::failed);
  CHECK(worse_of(ExitStatus::failed, ExitStatus::no_such_job) == ExitStatus::no_such_job);
  CHECK(worse_of(ExitStatus::head_unreachable, ExitStatus::no_such_job) == ExitStatus::head_unreachable);
  CHECK(worse_of(ExitStatus::done, ExitStatus::done) == ExitStatus::done);
}
