#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "client/submission.h"
#include "client/upload.h"
#include "client/waiting.h"
#include "common/os/random.h"
#include "common/report/json.h"
#include "common/values/errors.h"

namespace pq::commands {
namespace {

constexpr const char* about_programs =
    "A program after -- is run over parts of the range, on agents that allow it. {lo}, {hi} and {item} in "
    "its\nwords are replaced; it also gets PQ_LO, PQ_HI, PQ_ITEM, PQ_JOB, PQ_LEASE, PQ_ATTEMPT and PQ_SLOT "
    "in its\nenvironment. The last line that it prints is its value, and exit status 0 is success.";
constexpr int tries_max = 5;  // of a head that forgets files in between

void show(const JobSpec& spec, bool json) {
  std::string text = json ? to_line(to_json(spec)) : submission_block(spec);
  if (text.ends_with('\n')) text.pop_back();
  print(text);
}

// Prints the job's id, or the whole job.
Outcome tell(const Invocation& call, Connection& connection, JobId job) {
  if (!call.shared.json) {
    print(std::to_string(job.value));
    return ExitStatus::done;
  }
  const auto report = connection.ask_for<JobReport>(AskJob{.job = job});
  if (!report) return tl::unexpected(report.error());
  print(to_line(to_json(*report)));
  return ExitStatus::done;
}

// With a program, --timeout limits a run. But a value from the environment is meant for all commands, and
// limits the wait.
SharedOptions waiting_options(const Invocation& call) {
  SharedOptions shared = call.shared;
  if (runs_program(call.arguments) && call.arguments.is_typed("timeout")) shared.timeout.reset();
  if (const auto text = call.arguments.value("wait-timeout")) {
    shared.timeout = parse_time("--wait-timeout", *text);
    shared.timeout_flag = "--wait-timeout";
  }
  return shared;
}

// Sends the files first. If the head has dropped one by the time of the submission, it says so.
tl::expected<Submitted, Failure> hand_in(const Submit& submit, const std::vector<LocalFile>& files,
                                         Connection& connection, Screen& screen) {
  for (int tries = 1;; ++tries) {
    for (const LocalFile& file : files) {
      if (auto sent = upload(file, connection, screen); !sent) return tl::unexpected(sent.error());
    }
    auto submitted = connection.ask_for<Submitted>(submit);
    const bool lacks_file = !submitted && submitted.error().word == to_text(ErrorWord::no_such_file);
    if (!lacks_file || tries == tries_max) return submitted;
  }
}

Outcome run_submit(const Invocation& call) {
  const SharedOptions shared = waiting_options(call);
  const Submission submission = read_submission(call.arguments, call.screen);
  const JobSpec& spec = submission.spec;
  call.screen.say(extent_text(spec));
  if (call.arguments.has("dry-run")) {
    show(spec, call.shared.json);
    return ExitStatus::done;
  }
  Connection connection(shared, call.screen);
  const Submit submit{.id = random_request_id(), .spec = spec};
  while (true) {
    const auto submitted = hand_in(submit, submission.files, connection, call.screen);
    if (!submitted) return tl::unexpected(submitted.error());
    if (!call.arguments.has("wait")) return tell(call, connection, submitted->job);
    call.screen.say(fmt::format("job {} submitted", submitted->job.value));
    auto ended = wait_for_end(connection, submitted->job, call.screen, printing(call.arguments, shared.json),
                              submit.id);
    if (ended || ended.error().status != ExitStatus::no_such_job) return ended;
    // It is the same submission, so this never creates a second job.
    call.screen.say(
        fmt::format("the head knows this job no more as {}, perhaps after a restore; submitting it again",
                    submitted->job.value));
  }
}

}  // namespace

Command submit() {
  std::vector<Flag> flags = submission_flags();
  flags.insert(flags.end(), {{"wait", "", "wait for the end"},
                             {"wait-timeout", "30s", "give up after this time; the job goes on"},
                             partial_flag(),
                             {"dry-run", "", "print what would be submitted, without asking the head"}});
  return {.name = "submit",
          .usage = client_usage(
              {.program = "pq-submit",
               .synopsis = "--range A:B [FLAGS] [-- PROGRAM WORDS…]",
               .purpose = "submits a range and prints the job's number, or with --wait its total",
               .description = about_programs,
               .flags = std::move(flags),
               .runs_program = true}),
          .run = run_submit};
}

}  // namespace pq::commands
