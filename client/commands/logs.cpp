#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "client/tally.h"
#include "common/protocol/limits.h"
#include "common/report/json.h"
#include "common/values/range.h"

namespace pq::commands {
namespace {

using namespace std::chrono_literals;

// Output from just before the end may still be on its way.
constexpr int quiet_looks = 2 * static_cast<int>(limits::log_delay / between_looks) + 1;

// The question without the job.
AskLogs parse_question(const Invocation& call) {
  AskLogs question{.job = {}, .failed = call.arguments.has("failed")};
  if (const auto text = call.arguments.value("span")) {
    const auto integer = parse_integer(*text);
    if (!integer) refuse("--span: " + integer.error());
    question.around = *integer;
  }
  return question;
}

// Entries on stdout, one after the other.
class LogWriter {
 public:
  LogWriter(JobId job, bool json) : job_(job), json_(json), is_terminal_(isatty(STDOUT_FILENO) == 1) {}

  void write(const LogEntry& entry) {
    if (json_) return print(to_line(to_json(job_, entry)));
    std::string text;
    if (std::string heading = log_heading(entry); heading != heading_) {
      if (!is_at_line_start_) text += '\n';
      text += heading + '\n';
      heading_ = std::move(heading);
      is_at_line_start_ = true;
    }
    text += is_terminal_ ? harmless(entry.text.data) : entry.text.data;
    if (!entry.text.data.empty()) is_at_line_start_ = text.ends_with('\n');
    put_out(text);
  }

  // What comes next on a terminal or in a file must begin a line.
  void finish() {
    if (!is_at_line_start_) put_out("\n");
    is_at_line_start_ = true;
  }

 private:
  JobId job_;
  bool json_;
  bool is_terminal_;
  std::string heading_;  // of the entries written last
  bool is_at_line_start_ = true;
};

Outcome follow(const Invocation& call, Connection& connection, AskLogs question, LogWriter& writer) {
  const bool follows = call.arguments.has("follow");
  const auto patience = [&] { return follows ? connection.time_left() : connection.usual_patience(); };
  for (int quiet = 0; quiet < quiet_looks;) {
    const auto logs = connection.ask_for<Logs>(question, patience());
    if (!logs && logs.error().status == ExitStatus::interrupted) return ExitStatus::interrupted;
    if (!logs) return tl::unexpected(logs.error());
    for (const LogEntry& entry : logs->entries) writer.write(entry);
    question.after = logs->next;
    if (logs->more) continue;
    if (!follows) break;
    quiet = logs->entries.empty() && has_ended(logs->state) ? quiet + 1 : 0;
    if (!connection.rest(std::min(between_looks, connection.time_left()))) return ExitStatus::interrupted;
    if (connection.time_left() <= 0ms) return ExitStatus::timed_out;
  }
  return ExitStatus::done;
}

Outcome run_logs(const Invocation& call) {
  const Selection selection = the_one_job(call);
  AskLogs question = parse_question(call);
  Connection connection(call.shared, call.screen);
  const auto job = find_job(connection, selection);
  if (!job) return tl::unexpected(job.error());
  question.job = *job;
  LogWriter writer(question.job, call.shared.json);
  Outcome outcome = follow(call, connection, question, writer);
  writer.finish();
  return outcome;
}

}  // namespace

Command logs() {
  return {.name = "logs",
          .usage = client_usage(
              {.program = "pq-logs",
               .synopsis = "JOB [FLAGS]",
               .purpose = "prints what a job's programs wrote, also on machines that are gone",
               .description = about_one_job,
               .flags = {{"follow", "", "and what they write from now on, until the job has ended", "f"},
                         {"failed", "", "only of runs that failed"},
                         {"span", "LO",
                          "only of runs over a range with this integer, or of this line of a list"}},
               .words = words_of_one_job()}),
          .run = run_logs};
}

}  // namespace pq::commands
