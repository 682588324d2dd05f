#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/jobs_at_head.h"
#include "client/output.h"
#include "client/tally.h"
#include "client/watch.h"
#include "common/report/json.h"
#include "common/values/duration.h"

namespace pq::commands {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_pictures = 1s;
constexpr Duration patience_of_a_screen =
    3s;  // then the screen says that there is no answer, and adapts to a new size

void print_block(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  print(text);
}

Selection parse_words(const Invocation& call) {
  const bool mine = call.arguments.has("mine");
  const Selection selection = call.arguments.words().empty() ? AllJobs{} : the_jobs(call);
  if (!std::holds_alternative<AllJobs>(selection) && mine)
    refuse("--mine means all jobs that your key has submitted: leave out JOBS");
  return mine ? AllJobs{.mine = true} : selection;
}

// ---------------------------------------------------------------- once

void tell(const Invocation& call, const JobReport& report) {
  if (call.shared.json) return print(to_line(to_json(report)));
  print_block(job_block(report, colours(call)));
}

void tell(const Invocation& call, const JobsReport& report) {
  if (call.shared.json) return print(to_line(to_json(report)));
  print_block(jobs_table(report, colours(call)));
}

Outcome tell_several(const Invocation& call, Connection& connection, const Selection& selection) {
  const auto selected = find_jobs(connection, selection);
  if (!selected) return tl::unexpected(selected.error());
  Tally tally(call.program, *selected, call.screen);
  EachJobAsked each(connection, AskJob{}, selected->jobs, connection.usual_patience());
  while (const auto told = each.next()) {
    if (auto failure = tally.take(told->job, told->answer, selected->jobs))
      return tl::unexpected(std::move(*failure));
  }
  if (call.shared.json) {
    print(to_line(tally.json()));
  } else if (!tally.reports().empty()) {
    print_block(jobs_table({.jobs = tally.reports()}, colours(call)));
  }
  return tally.worst();
}

Outcome tell_all(const Invocation& call, Connection& connection, const AllJobs& which) {
  const auto listed = list_jobs(connection, which, connection.usual_patience());
  if (!listed) return tl::unexpected(listed.error());
  tell(call, listed->report);
  if (!listed->may_lack_live) return ExitStatus::done;
  call.screen.say(fmt::format("{}: {}", call.program, older_head_text));
  return ExitStatus::failed;
}

Outcome tell_once(const Invocation& call, Connection& connection, const Selection& selection) {
  if (const auto* all = std::get_if<AllJobs>(&selection)) return tell_all(call, connection, *all);
  if (!is_of_one(selection)) return tell_several(call, connection, selection);
  const auto job = find_job(connection, selection);
  if (!job) return tl::unexpected(job.error());
  const auto report = connection.ask_for<JobReport>(AskJob{.job = *job});
  if (!report) return tl::unexpected(report.error());
  tell(call, *report);
  return ExitStatus::done;
}

// ---------------------------------------------------------------- why

void tell(const Invocation& call, const Explanation& explanation) {
  if (call.shared.json) return print(to_line(to_json(explanation)));
  const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  print_block(explanation_block(explanation,
                                is_terminal ? size_of_terminal(STDOUT_FILENO).columns : std::string::npos));
}

// A line or a block per job; `all` means jobs that have not ended.
Outcome explain(const Invocation& call, Connection& connection, const Selection& selection) {
  const auto selected = find_jobs(connection, selection, Meant::live);
  if (!selected) return tl::unexpected(selected.error());
  if (*selected == Selected{}) call.screen.say("there is no job that goes on");
  Tally tally(call.program, *selected, call.screen);
  for (const JobId job : selected->jobs) {
    const auto explanation = connection.ask_for<Explanation>(AskExplanation{.job = job});
    if (!explanation && is_of_one(selection)) return tl::unexpected(explanation.error());
    if (explanation) {
      tell(call, *explanation);
    } else if (auto failure = tally.take(job, tl::unexpected(explanation.error()), selected->jobs)) {
      return tl::unexpected(std::move(*failure));
    }
  }
  return tally.worst();
}

// ---------------------------------------------------------------- again and again

// The watched jobs: one that was found at the start, or a selection whose jobs come and go.
struct Subject {
  Selection selection;
  std::optional<JobId> job;
};

tl::expected<JobsReport, Failure> look_at_jobs(Connection& connection, const Selection& selection,
                                               Duration patience) {
  if (const auto* all = std::get_if<AllJobs>(&selection)) {
    return list_jobs(connection, *all, patience).map([](Listed listed) { return std::move(listed.report); });
  }
  const auto selected = resolve(connection, selection, Meant::any, patience);
  if (!selected) return tl::unexpected(selected.error());
  JobsReport some;
  EachJobAsked each(connection, AskJob{}, selected->jobs, patience);
  while (auto told = each.next()) {
    if (told->answer) {
      some.jobs.push_back(std::move(*told->answer));
    } else if (concerns_all(told->answer.error())) {
      return tl::unexpected(told->answer.error());
    }
  }
  return some;
}

tl::expected<Sight, Failure> look(Connection& connection, const Subject& subject, bool json,
                                  Duration patience) {
  Sight sight;
  if (subject.job) {
    auto report = connection.ask_for<JobReport>(AskJob{.job = *subject.job}, patience);
    if (!report) return tl::unexpected(report.error());
    sight.job = std::move(*report);
  } else {
    auto report = look_at_jobs(connection, subject.selection, patience);
    if (!report) return tl::unexpected(report.error());
    sight.jobs = std::move(*report);
  }
  if (json) return sight;
  auto agents = connection.ask_for<AgentsReport>(AskAgents{}, patience);
  if (!agents) return tl::unexpected(agents.error());
  sight.agents = subject.job ? agents_of(*agents, *subject.job) : std::move(*agents);
  return sight;
}

// Prints block after block, for a pipe or a file.
Outcome watch_in_lines(const Invocation& call, Connection& connection, const Subject& subject) {
  while (connection.time_left() > 0ms) {
    const auto sight = look(connection, subject, call.shared.json, connection.time_left());
    if (!sight) return tl::unexpected(sight.error());
    if (call.shared.json) {
      print(to_line(sight->job ? to_json(*sight->job) : to_json(sight->jobs)));
    } else {
      print(plain_picture(*sight, colours(call)));
    }
    if (!connection.rest(std::min(between_pictures, connection.time_left()))) return ExitStatus::interrupted;
  }
  return ExitStatus::timed_out;
}

// Draws the latest answer on a terminal, in its present size.
class Window {
 public:
  Window(const Invocation& call, Connection& connection) : call_(call), connection_(connection) {}
  ~Window() { canvas_.leave(); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  void show(Sight sight) {
    sight_ = std::move(sight);
    seen_at_ = connection_.now();
    draw();
  }

  void draw() {
    if (!sight_) return;
    const Duration age = connection_.now() - seen_at_;
    const std::string trouble =
        age < patience_of_a_screen
            ? ""
            : fmt::format("no answer for {}", to_text(std::chrono::floor<std::chrono::seconds>(age)));
    canvas_.draw(
        picture(*sight_, connection_.credentials().head_endpoint, trouble, canvas_.size(), colours(call_)));
  }

 private:
  const Invocation& call_;
  Connection& connection_;
  Canvas canvas_;
  std::optional<Sight> sight_;
  Instant seen_at_;
};

// False: a signal to stop has arrived.
bool rest(Connection& connection, ResizeSignal& resize, Window& window) {
  const Instant until = connection.now() + std::min(between_pictures, connection.time_left());
  while (connection.now() < until) {
    const auto waking = connection.rest(until - connection.now(), resize);
    if (waking == Connection::Waking::stopped) return false;
    if (waking == Connection::Waking::resized) window.draw();
  }
  return true;
}

Outcome watch_on_screen(const Invocation& call, Connection& connection, const Subject& subject,
                        ResizeSignal& resize) {
  Window window(call, connection);
  while (connection.time_left() > 0ms) {
    auto sight = look(connection, subject, false, std::min(patience_of_a_screen, connection.time_left()));
    if (sight) {
      window.show(std::move(*sight));
      if (!rest(connection, resize, window)) return ExitStatus::interrupted;
    } else if (sight.error().status == ExitStatus::timed_out) {
      window.draw();  // and asks again: the head may be away
    } else {
      return tl::unexpected(sight.error());
    }
  }
  return ExitStatus::timed_out;
}

// Whether the terminal can move back to its first line.
bool redraws(const Invocation& call) {
  const char* terminal = std::getenv("TERM");
  const bool is_dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return isatty(STDOUT_FILENO) == 1 && !call.shared.json && !is_dumb;
}

// Runs until it is interrupted, which is its usual end, or --timeout.
Outcome watch(const Invocation& call, const Selection& selection) {
  ResizeSignal resize;
  Connection connection(call.shared, call.screen);
  Subject subject{.selection = selection, .job = {}};
  if (is_of_one(selection)) {
    const auto job = find_job(connection, selection);
    if (!job) return tl::unexpected(job.error());
    subject.job = *job;
  }
  const Outcome outcome = redraws(call) ? watch_on_screen(call, connection, subject, resize)
                                        : watch_in_lines(call, connection, subject);
  return quiet_if_interrupted(outcome);
}

Outcome run_status(const Invocation& call) {
  const Selection selection = parse_words(call);
  if (call.arguments.has("watch") && call.arguments.has("explain"))
    refuse("--watch and --explain do not go together: leave out one of them");
  if (call.arguments.has("watch")) return watch(call, selection);
  Connection connection(call.shared, call.screen);
  if (call.arguments.has("explain")) return explain(call, connection, selection);
  return tell_once(call, connection, selection);
}

}  // namespace

Command status() {
  return {
      .name = "status",
      .usage = client_usage(
          {.program = "pq-status",
           .synopsis = "[JOBS] [FLAGS]",
           .purpose = "lists jobs, or tells all about one",
           .description = about_jobs + ".",
           .flags = {{"watch", "", "jobs and agents, again every second, until interrupted"},
                     {"explain", "", "why a job waits, or is slow or late; without JOBS, those that go on"},
                     {"mine", "", "only jobs that your key, or one of the same name, has submitted"}},
           .words = words_of_jobs()}),
      .run = run_status};
}

}  // namespace pq::commands
