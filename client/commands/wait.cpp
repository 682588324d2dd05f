#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/output.h"
#include "client/tally.h"
#include "client/waiting.h"
#include "common/figures.h"
#include "common/json.h"

namespace pq::commands {
namespace {

// A line a job, told with its number: there is a total of each.
Outcome wait_for_all(const Invocation& call, Connection& connection, const Selected& selected) {
  Tally tally(call.program, selected, call.screen);
  ExitStatus worst = ExitStatus::done;
  for (auto job = selected.jobs.begin(); job != selected.jobs.end(); ++job) {
    const auto ended = ended_job(connection, *job, {job, selected.jobs.end()}, call.screen);
    if (!ended && concerns_all(ended.error())) return tl::unexpected(ended.error());
    tally.take(*job, ended, selected.jobs);
    if (!ended) continue;
    call.screen.say(end_line(*ended));
    if (!call.shared.json && value_is_final(*ended) && ended->value)
      print(fmt::format("{} {}", job->value, to_text(*ended->value)));
    worst = worse_of(worst, exit_status_of(*ended));
  }
  if (call.shared.json) print(to_line(tally.json()));
  return worse_of(worst, tally.worst());
}

Outcome run_wait(const Invocation& call) {
  const Selection selection = the_jobs(call);
  Connection connection(call.shared, call.screen);
  const auto selected = find_jobs(connection, selection, call.screen, is_live);
  if (!selected) return tl::unexpected(selected.error());
  if (is_of_one(selection))
    return wait_for_end(connection, selected->jobs.front(), call.screen, call.shared.json);
  if (selected->jobs.empty() && selected->missing.empty()) call.screen.say("no job is to be waited for");
  return wait_for_all(call, connection, *selected);
}

}  // namespace

Command wait() {
  return {
      .name = "wait",
      .usage = client_usage(
          {.program = "pq-wait",
           .synopsis = "JOBS [FLAGS]",
           .purpose = "waits for the end of jobs and prints the total; of several, a line \"JOB TOTAL\" each",
           .description =
               about_jobs + ": those that have not ended.\nThe exit status is the worst of theirs.",
           .words = words_of_jobs()}),
      .run = run_wait};
}

}  // namespace pq::commands
