#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/output.h"
#include "client/tally.h"
#include "client/waiting.h"
#include "common/report/figures.h"
#include "common/report/json.h"

namespace pq::commands {
namespace {

// A line per job with its id and its total.
Outcome wait_for_all(const Invocation& call, Connection& connection, const Selected& selected,
                     Printing printing) {
  Tally tally(call.program, selected, call.screen);
  ExitStatus worst = ExitStatus::done;
  for (auto job = selected.jobs.begin(); job != selected.jobs.end(); ++job) {
    const auto ended = ended_job(connection, *job, std::span(job, selected.jobs.end()), call.screen);
    if (!ended && concerns_all(ended.error())) return tl::unexpected(ended.error());
    tally.take(*job, ended, selected.jobs);
    if (!ended) continue;
    call.screen.say(end_line(*ended));
    if (const auto value = printed_value(*ended, printing))
      print(fmt::format("{} {}", job->value, to_text(*value)));
    worst = worse_of(worst, exit_status_of(*ended));
  }
  if (printing == Printing::json) print(to_line(tally.json()));
  return worse_of(worst, tally.worst());
}

Outcome run_wait(const Invocation& call) {
  const Selection selection = the_jobs(call);
  Connection connection(call.shared, call.screen);
  const Printing printing = client::printing(call.arguments, call.shared.json);
  const auto selected = find_jobs(connection, selection, Meant::live);
  if (!selected) return tl::unexpected(selected.error());
  if (is_of_one(selection)) return wait_for_end(connection, selected->jobs.front(), call.screen, printing);
  if (*selected == Selected{}) call.screen.say("no job is to be waited for");
  return wait_for_all(call, connection, *selected, printing);
}

}  // namespace

Command wait() {
  return {
      .name = "wait",
      .usage = client_usage(
          {.program = "pq-wait",
           .synopsis = "JOBS [FLAGS]",
           .purpose = "waits for the end of jobs and prints the total; of several, a line \"JOB TOTAL\" each",
           .description = about_jobs +
                          ": those that have not ended.\nThe exit status is the worst of theirs. A job that "
                          "failed or was cancelled has no total: what it has\ncomputed is told on stderr.",
           .flags = {partial_flag()},
           .words = words_of_jobs()}),
      .run = run_wait};
}

}  // namespace pq::commands
