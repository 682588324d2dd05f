#include "client/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/cli/command_line.h"
#include "common/values/text.h"

namespace pq::client {
namespace {

[[noreturn]] void refuse_word(const std::string& word) {
  refuse(fmt::format(
      "\"{}\" is not the number of a job: give one, or several as in 1-3,5, or last, or all; pq-status lists "
      "the jobs",
      word));
}

JobSpan parse_span(const std::string& word) {
  if (word == "last" || word == "all") refuse(fmt::format("\"{}\" stands alone, without other jobs", word));
  const std::size_t dash = word.find('-');
  const auto first = parse_job(word.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_job(word.substr(dash + 1));
  if (!first || !last) refuse_word(word);
  if (last->value < first->value)
    refuse(fmt::format("\"{}\" is reversed; write {}-{}", word, last->value, first->value));
  return {first->value, last->value};
}

}  // namespace

std::string span_text(const JobSpan& span) { return fmt::format("{}-{}", span.first, span.last); }

Selection parse_selection(const std::string& text) {
  if (text == "last") return LastJob{};
  if (text == "all") return AllJobs{};
  std::vector<JobSpan> spans;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    spans.push_back(parse_span(text.substr(at, comma - at)));
    at = comma + 1;
  }
  return spans;
}

bool is_of_one(const Selection& selection) {
  const auto* spans = std::get_if<std::vector<JobSpan>>(&selection);
  if (spans == nullptr) return std::holds_alternative<LastJob>(selection);
  return spans->size() == 1 && is_number(spans->front());
}

bool is_mine(const Selection& selection) {
  const auto* all = std::get_if<AllJobs>(&selection);
  return all != nullptr && all->mine;
}

bool is_of_numbers(const Selection& selection) {
  const auto* spans = std::get_if<std::vector<JobSpan>>(&selection);
  return spans != nullptr && std::all_of(spans->begin(), spans->end(), is_number);
}

Selected select(const Selection& selection, const JobsReport& listed, Meant which) {
  const bool lacks_some = listed.left_out > 0;
  std::set<JobId> jobs;
  Selected selected;
  if (std::holds_alternative<LastJob>(selection)) {
    if (!listed.jobs.empty()) jobs.insert(listed.jobs.back().job);
  } else if (std::holds_alternative<AllJobs>(selection)) {
    for (const JobReport& report : listed.jobs) {
      if (is_meant(which, report.state, report.failed)) jobs.insert(report.job);
    }
    if (lacks_some) selected.unlisted = {"all"};
  } else {
    for (const JobSpan& span : std::get<std::vector<JobSpan>>(selection)) {
      if (is_number(span)) {
        jobs.insert(JobId{span.first});
        continue;
      }
      const auto begin = std::find_if(listed.jobs.begin(), listed.jobs.end(),
                                      [&](const JobReport& job) { return job.job.value >= span.first; });
      const auto end = std::find_if(begin, listed.jobs.end(),
                                    [&](const JobReport& job) { return job.job.value > span.last; });
      for (auto job = begin; job != end; ++job) jobs.insert(job->job);
      const bool reaches = lacks_some && span.first < listed.jobs.front().job.value;
      if (reaches) {
        selected.unlisted.push_back(span_text(span));
      } else if (begin == end) {
        selected.missing.push_back(span_text(span));
      }
    }
  }
  selected.jobs.assign(jobs.begin(), jobs.end());
  return selected;
}

std::string selection_text(std::span<const JobId> jobs) {
  std::string text;
  for (auto first = jobs.begin(); first != jobs.end();) {
    auto last = first;
    while (last + 1 != jobs.end() && (last + 1)->value == last->value + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(first->value);
    if (last - first == 1) text += ',';
    if (last - first > 1) text += '-';
    if (last != first) text += std::to_string(last->value);
    first = last + 1;
  }
  return text;
}

std::string jobs_text(std::span<const JobId> jobs) {
  return fmt::format("job{} {}", jobs.size() == 1 ? "" : "s", selection_text(jobs));
}

}  // namespace pq::client
