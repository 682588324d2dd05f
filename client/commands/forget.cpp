#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/jobs_at_head.h"
#include "client/output.h"
#include "client/tally.h"
#include "common/cli/flag_values.h"
#include "common/report/json.h"

namespace pq::commands {
namespace {

// One way of forgetting, and what a job has lost by it: "the logs of ", or "" for all of it.
struct Wish {
  Steering what;
  const char* lost;
};

std::vector<Wish> wishes_of(const Invocation& call) {
  std::vector<Wish> wishes;
  if (call.arguments.has("logs")) wishes.push_back({Steering::forget_logs, "the logs of "});
  if (call.arguments.has("output")) wishes.push_back({Steering::forget_output, "the output of "});
  if (wishes.empty()) wishes.push_back({Steering::forget, ""});
  return wishes;
}

// Without those that have not ended so long ago.
tl::expected<Selected, Failure> old_ones(Connection& connection, Selected selected, Duration age) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  const AskJobIds question{.which = Meant::ended, .ended_for_ms = static_cast<std::uint64_t>(ms)};
  const auto old = ask_ids(connection, question, connection.usual_patience());
  if (!old) return tl::unexpected(old.error());
  const std::set<JobId> ids(old->begin(), old->end());
  std::erase_if(selected.jobs, [&](JobId job) { return !ids.contains(job); });
  return selected;
}

// Asks for one wish after the other. A job that is refused one is not asked about the next.
Outcome run_forget(const Invocation& call) {
  const Selection selection = the_jobs(call);
  std::optional<Duration> age;
  if (const auto text = call.arguments.value("older-than")) age = parse_time("--older-than", *text);
  Connection connection(call.shared, call.screen);
  auto selected = find_jobs(connection, selection, Meant::ended);
  if (selected && age) selected = old_ones(connection, std::move(*selected), *age);
  if (!selected) return tl::unexpected(selected.error());
  const bool is_of_one_job = is_of_one(selection) && !age;
  Tally tally(call.program, *selected, call.screen);
  std::vector<JobId> jobs = selected->jobs;
  const std::vector<Wish> wishes = wishes_of(call);
  for (const Wish& wish : wishes) {
    std::vector<JobId> forgotten;
    EachJobAsked each(connection, Steer{.job = {}, .what = wish.what}, jobs, connection.usual_patience());
    while (const auto told = each.next()) {
      if (!told->answer && is_of_one_job) return tl::unexpected(told->answer.error());
      if (told->answer) {
        forgotten.push_back(told->job);
        call.screen.say(fmt::format("{}job {}: forgotten", wish.lost, told->job.value));
        if (&wish != &wishes.back()) continue;
      }
      if (auto failure = tally.take(told->job, told->answer, jobs))
        return tl::unexpected(std::move(*failure));
    }
    jobs = std::move(forgotten);
  }
  if (is_of_one_job) {
    if (call.shared.json) print(to_line(to_json(tally.reports().front())));
    return ExitStatus::done;
  }
  call.screen.say(tally.summary("forgotten"));
  if (call.shared.json) print(to_line(tally.json()));
  return tally.worst();
}

}  // namespace

Command forget() {
  return {.name = "forget",
          .usage = client_usage(
              {.program = "pq-forget",
               .synopsis = "JOBS [FLAGS]",
               .purpose = "erases jobs that have ended, or only what their programs printed",
               .description =
                   about_jobs +
                   ": those that have ended. Without --logs and --output all of a job is erased: its "
                   "total, who computed what, its logs and its output; its number is not given again. "
                   "What is erased cannot be brought back but from a backup. Its space is free for what "
                   "comes next, and the database gives most of it back to the disk by and by.",
               .flags = {{"older-than", "AGE", "only those of the jobs that ended so long ago, such as 30d"},
                         {"logs", "", "erase their logs, and keep the rest"},
                         {"output", "", "erase their collected output, and keep the rest"}},
               .words = words_of_jobs()}),
          .run = run_forget};
}

}  // namespace pq::commands
