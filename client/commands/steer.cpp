// pq-cancel, pq-pause, pq-resume, pq-retry and pq-priority. Each prints the jobs as they are afterwards.
#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/jobs_at_head.h"
#include "client/output.h"
#include "client/tally.h"
#include "common/report/json.h"

namespace pq::commands {
namespace {

// One way to steer jobs.
struct Wish {
  EachQuestion question;
  const char* what_happened;  // past participle for a job that was steered: "cancelled"
  Meant which;                // by `all`
};

Outcome steer(const Invocation& call, const Selection& selection, const Wish& wish) {
  Connection connection(call.shared, call.screen);
  const auto selected = find_jobs(connection, selection, wish.which);
  if (!selected) return tl::unexpected(selected.error());
  Tally tally(call.program, *selected, call.screen);
  EachJobAsked each(connection, wish.question, selected->jobs, connection.usual_patience());
  while (const auto told = each.next()) {
    if (!told->answer && is_of_one(selection)) return tl::unexpected(told->answer.error());
    if (auto failure = tally.take(told->job, told->answer, selected->jobs))
      return tl::unexpected(std::move(*failure));
    if (told->answer) call.screen.say(state_line(*told->answer));
  }
  if (is_of_one(selection)) {
    if (call.shared.json) print(to_line(to_json(tally.reports().front())));
    return ExitStatus::done;
  }
  call.screen.say(tally.summary(wish.what_happened));
  if (call.shared.json) print(to_line(tally.json()));
  return tally.worst();
}

constexpr Wish to_cancel{Steer{.job = {}, .what = Steering::cancel}, "cancelled", Meant::live};
constexpr Wish to_pause{Steer{.job = {}, .what = Steering::pause}, "paused", Meant::unpaused};
constexpr Wish to_resume{Steer{.job = {}, .what = Steering::resume}, "resumed", Meant::paused};
constexpr Wish to_retry{Steer{.job = {}, .what = Steering::retry}, "given another chance", Meant::retryable};

template <const Wish& wish>
Outcome run_steering(const Invocation& call) {
  return steer(call, the_jobs(call), wish);
}

Outcome run_priority(const Invocation& call) {
  const auto& words = call.arguments.words_named({"the job's number", "the priority"});
  const Reprioritize question{.job = {}, .priority = parse_priority(words[1])};
  return steer(call, parse_selection(words[0]), {question, "given another priority", Meant::live});
}

// `all` means the jobs that can be steered in this way; a sentence of the help says which.
Usage usage_of(const std::string& program, const std::string& purpose, const std::string& all,
               const std::string& words = "JOBS") {
  return client_usage({.program = program,
                       .synopsis = words + " [FLAGS]",
                       .purpose = purpose,
                       .description = about_jobs + ": " + all,
                       .words = words_of_jobs()});
}

}  // namespace

Command cancel() {
  return {"cancel",
          usage_of("pq-cancel", "ends jobs; their computed parts are kept", "those that have not ended."),
          run_steering<to_cancel>};
}

Command pause() {
  return {"pause",
          usage_of("pq-pause", "pauses jobs: nothing more of them starts until they are resumed",
                   "those that go on."),
          run_steering<to_pause>};
}

Command resume() {
  return {"resume", usage_of("pq-resume", "resumes paused jobs", "those that are paused."),
          run_steering<to_resume>};
}

Command retry() {
  return {"retry",
          usage_of("pq-retry", "retries the failed parts of jobs",
                   "those with failed parts that are not done or cancelled."),
          run_steering<to_retry>};
}

Command priority() {
  return {.name = "priority",
          .usage = usage_of("pq-priority", "changes the priority of jobs: higher runs first, 0 is usual",
                            "those that have not ended.", "JOBS PRIORITY"),
          .run = run_priority};
}

}  // namespace pq::commands
