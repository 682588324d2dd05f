#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "client/tally.h"
#include "common/report/json.h"
#include "common/values/text.h"

namespace pq::commands {
namespace {

using namespace std::chrono_literals;

void tell(const Invocation& call, const AskEvents& question, const EventsReport& report) {
  if (report.left_out > 0) {
    call.screen.say(fmt::format("without {}{}", count_of(report.left_out, "older event"),
                                question.after == 0 ? "" : " since the last one"));
  }
  for (const EventEntry& event : report.events)
    print(call.shared.json ? to_line(to_json(event)) : event_line(event, colours(call)));
}

// Prints the events so far; with --follow until the job has ended or nobody reads any more.
Outcome follow(const Invocation& call, Connection& connection, AskEvents question) {
  const bool follows = call.arguments.has("follow");
  while (true) {
    const Duration patience = follows ? connection.time_left() : connection.usual_patience();
    // Asked before the events: if the job has ended, the events that follow are complete.
    bool has_more = follows;
    if (question.job) {
      const auto job = connection.ask_for<JobReport>(AskJob{.job = *question.job}, patience);
      if (!job) return tl::unexpected(job.error());
      has_more = follows && !has_ended(job->state);
    }
    const auto report = connection.ask_for<EventsReport>(question, patience);
    if (!report) return tl::unexpected(report.error());
    tell(call, question, *report);
    if (!has_more) return ExitStatus::done;
    if (!report->events.empty()) question.after = report->events.back().number;
    if (!connection.rest(std::min(between_looks, connection.time_left()))) return ExitStatus::interrupted;
    if (connection.time_left() <= 0ms) return ExitStatus::timed_out;
  }
}

Outcome run_events(const Invocation& call) {
  const bool is_of_a_job = !call.arguments.words().empty();
  const Selection selection = is_of_a_job ? the_one_job(call) : AllJobs{};
  Connection connection(call.shared, call.screen);
  AskEvents question;
  if (is_of_a_job) {
    const auto job = find_job(connection, selection);
    if (!job) return tl::unexpected(job.error());
    question.job = *job;
  }
  return quiet_if_interrupted(follow(call, connection, question));
}

}  // namespace

Command events() {
  return {.name = "events",
          .usage = client_usage(
              {.program = "pq-events",
               .synopsis = "[JOB] [FLAGS]",
               .purpose = "lists what happened to jobs and agents, as far as the head keeps it",
               .description = about_one_job,
               .flags = {{"follow", "", "and what happens from now on, of a job until it has ended", "f"}},
               .words = words_of_one_job()}),
          .run = run_events};
}

}  // namespace pq::commands
