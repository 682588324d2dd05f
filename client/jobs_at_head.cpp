#include "client/jobs_at_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/protocol/limits.h"

namespace pq::client {
namespace {

// These questions are well-formed. So a head that cannot decode one is too old to know it.
bool is_of_older_head(const Failure& failure) { return failure.word == to_text(ErrorWord::malformed); }

tl::expected<Selected, Failure> resolve_at_head(Connection& connection, const Selection& selection,
                                                Meant which, Duration patience) {
  const auto* spans = std::get_if<std::vector<JobSpan>>(&selection);
  if (spans == nullptr) {
    const Meant meant = std::holds_alternative<LastJob>(selection) ? Meant::newest : which;
    const AskJobIds question{.which = meant, .mine = is_mine(selection)};
    return ask_ids(connection, question, patience).map([](std::vector<JobId> jobs) {
      return Selected{.jobs = std::move(jobs)};
    });
  }
  Selected selected;
  std::set<JobId> jobs;
  for (const JobSpan& span : *spans) {
    if (is_number(span)) {
      jobs.insert(JobId{span.first});
      continue;
    }
    const auto found = ask_ids(connection, {Meant::any, span.first, span.last}, patience);
    if (!found) return tl::unexpected(found.error());
    if (found->empty()) selected.missing.push_back(span_text(span));
    jobs.insert(found->begin(), found->end());
  }
  selected.jobs.assign(jobs.begin(), jobs.end());
  return selected;
}

// An older head lists the jobs of all, and this program does not know the asker's name.
Failure no_mine_at_older_head() {
  return {.status = ExitStatus::failed,
          .word = "older_head",
          .text =
              "this head does not say who submitted a job, so --mine means nothing to it; install the same "
              "pq there"};
}

// Adds the live jobs for which a list had no room.
std::optional<Failure> add_unlisted(Connection& connection, JobsReport& report, bool mine,
                                    Duration patience) {
  const auto live = ask_ids(connection, {.which = Meant::live, .mine = mine}, patience);
  if (!live) return live.error();
  std::map<JobId, JobReport> jobs;
  for (JobReport& job : report.jobs) jobs.emplace(job.job, std::move(job));
  std::vector<JobId> missing;
  std::copy_if(live->begin(), live->end(), std::back_inserter(missing),
               [&](JobId job) { return !jobs.contains(job); });
  EachJobAsked each(connection, AskJob{}, missing, patience);
  while (auto told = each.next()) {
    if (!told->answer && concerns_all(told->answer.error())) return told->answer.error();
    if (!told->answer) continue;         // forgotten since
    told->answer->failed_spans.clear();  // as in every list
    jobs.emplace(told->job, std::move(*told->answer));
    report.left_out -= std::min<std::uint64_t>(report.left_out, 1);
  }
  report.jobs.clear();
  for (auto& [id, job] : jobs) report.jobs.push_back(std::move(job));
  report.live_left_out = 0;
  return std::nullopt;
}

ClientToHead question_to(const EachQuestion& question, JobId job) {
  return std::visit(
      [&](auto one) {
        one.job = job;
        return ClientToHead(one);
      },
      question);
}

ClientToHead question_to(const EachQuestion& question, std::vector<JobId> jobs) {
  if (const auto* steer = std::get_if<Steer>(&question))
    return SteerEach{.jobs = std::move(jobs), .what = steer->what};
  if (const auto* ask = std::get_if<Reprioritize>(&question))
    return ReprioritizeEach{.jobs = std::move(jobs), .priority = ask->priority};
  return AskEach{.jobs = std::move(jobs)};
}

}  // namespace

tl::expected<std::vector<JobId>, Failure> ask_ids(Connection& connection, AskJobIds question,
                                                  Duration patience) {
  std::vector<JobId> jobs;
  while (true) {
    const auto page = connection.ask_for<JobIds>(question, patience);
    if (!page) return tl::unexpected(page.error());
    jobs.insert(jobs.end(), page->ids.begin(), page->ids.end());
    if (!page->more || page->ids.empty()) return jobs;
    question.first = page->ids.back().value + 1;
  }
}

tl::expected<Selected, Failure> resolve(Connection& connection, const Selection& selection, Meant which,
                                        Duration patience) {
  if (is_of_numbers(selection)) return select(selection, {}, which);
  auto selected = resolve_at_head(connection, selection, which, patience);
  if (selected || !is_of_older_head(selected.error())) return selected;
  if (is_mine(selection)) return tl::unexpected(no_mine_at_older_head());
  return connection.ask_for<JobsReport>(AskJobs{}, patience).map([&](const JobsReport& listed) {
    return select(selection, listed, which);
  });
}

tl::expected<Listed, Failure> list_jobs(Connection& connection, const AllJobs& which, Duration patience) {
  auto report = connection.ask_for<JobsReport>(AskJobs{.mine = which.mine}, patience);
  if (!report) return tl::unexpected(report.error());
  if (which.mine && !report->only_of) return tl::unexpected(no_mine_at_older_head());
  Listed listed{.report = std::move(*report)};
  listed.may_lack_live = listed.report.left_out > 0 && !listed.report.live_left_out;
  if (listed.report.live_left_out.value_or(0) == 0) return listed;
  if (auto failure = add_unlisted(connection, listed.report, which.mine, patience))
    return tl::unexpected(*failure);
  return listed;
}

// ---------------------------------------------------------------- the same question to each

EachJobAsked::EachJobAsked(Connection& connection, EachQuestion question, const std::vector<JobId>& jobs,
                           Duration patience)
    : connection_(connection), question_(question), jobs_(jobs), patience_(patience) {}

std::optional<EachJobAsked::Told> EachJobAsked::next() {
  if (told_.empty() && takes_several_ && jobs_.size() - asked_ > 1) ask_several();
  if (told_.empty()) {
    if (asked_ == jobs_.size()) return std::nullopt;
    return ask_one(jobs_[asked_++]);
  }
  Told told = std::move(told_.front());
  told_.pop_front();
  return told;
}

EachJobAsked::Told EachJobAsked::ask_one(JobId job) {
  return {job, connection_.ask_for<JobReport>(question_to(question_, job), patience_)};
}

void EachJobAsked::ask_several() {
  const auto first = jobs_.begin() + static_cast<std::ptrdiff_t>(asked_);
  const std::size_t count = std::min(limits::jobs_named_max, jobs_.size() - asked_);
  const std::vector<JobId> batch(first, first + static_cast<std::ptrdiff_t>(count));
  auto answer = connection_.ask_for<EachJob>(question_to(question_, batch), patience_);
  takes_several_ = answer || !is_of_older_head(answer.error());
  if (!takes_several_) return;
  asked_ += count;
  if (!answer) {
    for (const JobId job : batch) told_.push_back({job, tl::unexpected(answer.error())});
    return;
  }
  // Both lists are in the order of the question.
  auto report = answer->reports.begin();
  auto refused = answer->refused.begin();
  for (const JobId job : batch) {
    if (report != answer->reports.end() && report->job == job) {
      told_.push_back({job, std::move(*report++)});
    } else if (refused != answer->refused.end() && refused->job == job) {
      told_.push_back({job, tl::unexpected(failure_of((refused++)->refusal))});
    } else {
      told_.push_back({job, tl::unexpected(strange_answer(fmt::format("it leaves out job {}", job.value)))});
    }
  }
}

}  // namespace pq::client
