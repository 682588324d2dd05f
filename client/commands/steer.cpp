// pq-cancel, pq-pause, pq-resume, pq-retry and pq-priority: one question each, and the job as it is then.
#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "common/json.h"

namespace pq::commands {
namespace {

Outcome ask_and_tell(const Invocation& call, const ClientToHead& question) {
  Connection connection(call.shared, call.screen);
  const auto report = connection.ask_for<JobReport>(question);
  if (!report) return tl::unexpected(report.error());
  call.screen.say(state_line(*report));
  if (call.shared.json) print(to_line(to_json(*report)));
  return ExitStatus::done;
}

template <Steering what>
Outcome run_steering(const Invocation& call) {
  return ask_and_tell(call, Steer{.job = the_job(call), .what = what});
}

Outcome run_priority(const Invocation& call) {
  const auto& words = call.arguments.words_named({"the job's number", "the priority"});
  return ask_and_tell(call,
                      Reprioritize{.job = parse_job_id(words[0]), .priority = parse_priority(words[1])});
}

Usage usage_of(const std::string& program, const std::string& purpose) {
  return client_usage(program, "JOB [FLAGS]", purpose);
}

}  // namespace

Command cancel() {
  return {"cancel", usage_of("pq-cancel", "ends a job; what is computed of it is kept"),
          run_steering<Steering::cancel>};
}

Command pause() {
  return {"pause", usage_of("pq-pause", "grants no more of a job until it is resumed"),
          run_steering<Steering::pause>};
}

Command resume() {
  return {"resume", usage_of("pq-resume", "lets a paused job go on"), run_steering<Steering::resume>};
}

Command retry() {
  return {"retry", usage_of("pq-retry", "gives what has failed of a job another chance"),
          run_steering<Steering::retry>};
}

Command priority() {
  return {.name = "priority",
          .usage = client_usage("pq-priority", "JOB PRIORITY [FLAGS]",
                                "changes a job's priority: higher runs first, 0 is usual"),
          .run = run_priority};
}

}  // namespace pq::commands
