// pq-cancel, pq-pause, pq-resume, pq-retry and pq-priority: one question a job, and each job as it is then.
#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "client/tally.h"
#include "common/json.h"

namespace pq::commands {
namespace {

// How a job is steered.
struct Wish {
  ClientToHead (*question)(JobId, std::int32_t priority);
  const char* what_happened;           // to a job of which it came true: "cancelled"
  bool (*is_meant)(const JobReport&);  // by `all`
};

bool is_paused(const JobReport& job) { return job.state == JobState::paused; }
bool goes_on(const JobReport& job) { return is_live(job) && !is_paused(job); }
bool has_failed(const JobReport& job) {
  return job.state == JobState::failed || (is_live(job) && job.failed > 0);
}

template <Steering what>
ClientToHead steering(JobId job, std::int32_t /*priority*/) {
  return Steer{.job = job, .what = what};
}

ClientToHead reprioritizing(JobId job, std::int32_t priority) {
  return Reprioritize{.job = job, .priority = priority};
}

Outcome steer(const Invocation& call, const Selection& selection, const Wish& wish, std::int32_t priority) {
  Connection connection(call.shared, call.screen);
  const auto selected = find_jobs(connection, selection, call.screen, wish.is_meant);
  if (!selected) return tl::unexpected(selected.error());
  Tally tally(call.program, *selected, call.screen);
  for (const JobId job : selected->jobs) {
    const auto report = connection.ask_for<JobReport>(wish.question(job, priority));
    if (!report && is_of_one(selection)) return tl::unexpected(report.error());
    if (auto failure = tally.take(job, report, selected->jobs)) return tl::unexpected(std::move(*failure));
    if (report) call.screen.say(state_line(*report));
  }
  if (is_of_one(selection)) {
    if (call.shared.json) print(to_line(to_json(tally.reports().front())));
    return ExitStatus::done;
  }
  call.screen.say(tally.summary(wish.what_happened));
  if (call.shared.json) print(to_line(tally.json()));
  return tally.worst();
}

constexpr Wish to_cancel{steering<Steering::cancel>, "cancelled", is_live};
constexpr Wish to_pause{steering<Steering::pause>, "paused", goes_on};
constexpr Wish to_resume{steering<Steering::resume>, "resumed", is_paused};
constexpr Wish to_retry{steering<Steering::retry>, "given another chance", has_failed};
constexpr Wish to_reprioritize{reprioritizing, "given another priority", is_live};

template <const Wish& wish>
Outcome run_steering(const Invocation& call) {
  return steer(call, the_jobs(call), wish, 0);
}

Outcome run_priority(const Invocation& call) {
  const auto& words = call.arguments.words_named({"the job's number", "the priority"});
  return steer(call, parse_selection(words[0]), to_reprioritize, parse_priority(words[1]));
}

// `all` means what can be steered so, which a sentence tells.
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
          usage_of("pq-cancel", "ends jobs; what is computed of them is kept", "those that have not ended."),
          run_steering<to_cancel>};
}

Command pause() {
  return {"pause", usage_of("pq-pause", "grants no more of jobs until they are resumed", "those that go on."),
          run_steering<to_pause>};
}

Command resume() {
  return {"resume", usage_of("pq-resume", "lets paused jobs go on", "those that are paused."),
          run_steering<to_resume>};
}

Command retry() {
  return {"retry",
          usage_of("pq-retry", "gives what has failed of jobs another chance",
                   "those of which something has failed, and that are not done or cancelled."),
          run_steering<to_retry>};
}

Command priority() {
  return {.name = "priority",
          .usage = usage_of("pq-priority", "changes the priority of jobs: higher runs first, 0 is usual",
                            "those that have not ended.", "JOBS PRIORITY"),
          .run = run_priority};
}

}  // namespace pq::commands
