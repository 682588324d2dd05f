#include <unistd.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "common/json.h"

namespace pq::commands {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_redraws = 1s;
constexpr std::string_view clear_terminal = "\x1b[H\x1b[2J";

// What one look at the head shows, ready for stdout.
using Sight = tl::expected<std::string, Failure>;

Colours colours() { return wants_colours(STDOUT_FILENO) ? Colours::ansi : Colours::none; }

std::string without_last_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Sight look_at_job(Connection& connection, JobId job, bool json, Duration patience) {
  const auto report = connection.ask_for<JobReport>(AskJob{.job = job}, patience);
  if (!report) return tl::unexpected(report.error());
  return json ? to_line(to_json(*report)) : without_last_newline(job_block(*report, colours()));
}

Sight look_at_jobs(Connection& connection, bool json, Duration patience) {
  const auto report = connection.ask_for<JobsReport>(AskJobs{}, patience);
  if (!report) return tl::unexpected(report.error());
  return json ? to_line(to_json(*report)) : without_last_newline(jobs_table(*report, colours()));
}

Sight look(const Invocation& call, Connection& connection, Duration patience) {
  if (call.arguments.words().empty()) return look_at_jobs(connection, call.shared.json, patience);
  return look_at_job(connection, the_job(call), call.shared.json, patience);
}

// Until it is interrupted, which is how it is meant to end, or --timeout.
Outcome watch(const Invocation& call, Connection& connection) {
  const bool redraws = isatty(STDOUT_FILENO) == 1 && !call.shared.json;
  do {
    const Sight sight = look(call, connection, connection.time_left());
    if (!sight && sight.error().status == ExitStatus::interrupted) return ExitStatus::interrupted;
    if (!sight) return tl::unexpected(sight.error());
    print(redraws ? std::string(clear_terminal) + *sight : *sight);
    if (connection.time_left() <= 0ms) return ExitStatus::timed_out;
  } while (connection.rest(std::min(between_redraws, connection.time_left())));
  return ExitStatus::interrupted;
}

Outcome run(const Invocation& call) {
  if (!call.arguments.words().empty()) the_job(call);  // a wrong one is refused before the head is looked for
  Connection connection(call.shared, call.screen);
  if (call.arguments.has("watch")) return watch(call, connection);
  const Sight sight = look(call, connection, connection.usual_patience());
  if (!sight) return tl::unexpected(sight.error());
  print(*sight);
  return ExitStatus::done;
}

}  // namespace

Command status() {
  return {.name = "status",
          .usage = client_usage("pq-status", "[JOB] [FLAGS]", "lists the jobs, or tells all about one",
                                {{"watch", "", "again every second, until interrupted"}}),
          .run = run};
}

}  // namespace pq::commands
