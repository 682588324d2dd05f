#include "client/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/tally.h"
#include "common/report/json.h"

namespace pq::commands {
namespace {

// As it was printed for a file or another program; on a terminal it must not steer that.
void tell(const AskOutput& question, const OutputPage& page, bool json) {
  static const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  for (const OutputEntry& entry : page.entries) {
    if (json) {
      print(to_line(to_json(question.job, entry)));
    } else {
      put_out(is_terminal ? harmless(entry.text.data) : entry.text.data);
    }
  }
}

// A warning before the output of a job that has none, or not all yet.
tl::expected<void, Failure> explain(const Invocation& call, Connection& connection, JobId job) {
  const auto report = connection.ask_for<JobReport>(AskJob{.job = job});
  if (!report) return tl::unexpected(report.error());
  if (!report->spec.program || !report->spec.program->collects) {
    return tl::unexpected(
        Failure{ExitStatus::failed, "nothing_collected",
                fmt::format("{} keeps no output; pq-submit --collect keeps it, and pq-logs {} tells its end",
                            title(*report), job.value)});
  }
  if (!has_ended(report->state)) {
    call.screen.say(fmt::format("{} is {}: this is the output of {}", title(*report), to_text(report->state),
                                percent(*report)));
  }
  return {};
}

Outcome run_output(const Invocation& call) {
  const Selection selection = the_one_job(call);
  Connection connection(call.shared, call.screen);
  const auto job = find_job(connection, selection);
  if (!job) return tl::unexpected(job.error());
  AskOutput question{.job = *job};
  if (auto explained = explain(call, connection, question.job); !explained)
    return tl::unexpected(explained.error());
  while (true) {
    const auto page = connection.ask_for<OutputPage>(question);
    if (!page) return tl::unexpected(page.error());
    tell(question, *page, call.shared.json);
    if (!page->more) return ExitStatus::done;
    question.begin = page->next_begin;
    question.offset = page->next_offset;
  }
}

}  // namespace

Command output() {
  return {.name = "output",
          .usage = client_usage(
              {.program = "pq-output",
               .synopsis = "JOB [FLAGS]",
               .purpose = "prints the collected output of a job, in the order of its range",
               .description = std::string(about_one_job) +
                              " On a terminal, characters that could steer it are shown as ?; a file or a "
                              "program that reads this gets every byte as it was printed.",
               .words = words_of_one_job()}),
          .run = run_output};
}

}  // namespace pq::commands
