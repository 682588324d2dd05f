#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "client/waiting.h"
#include "common/errors.h"
#include "common/json.h"
#include "common/os/random.h"
#include "common/text.h"

namespace pq::commands {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw EnvironmentError(text, ExitStatus::usage); }

std::string kernel_names() {
  std::string names;
  for (const Kernel kernel : sieve_kernels) names.append(names.empty() ? "" : ", ").append(to_text(kernel));
  return names;
}

JobSpec parse_spec(const Arguments& arguments) {
  if (arguments.has_program()) {
    refuse("this version cannot run programs yet; choose what to compute with --kernel: " + kernel_names());
  }
  arguments.words_named({});
  const auto range_asked = arguments.value("range");
  if (!range_asked) refuse("--range A:B is missing");
  const auto range = parse_range(*range_asked);
  if (!range) refuse("--range: " + range.error());
  JobSpec spec;
  spec.range = *range;
  if (const auto word = arguments.value("kernel")) {
    const auto kernel = parse_kernel(*word);
    if (!kernel)
      refuse(fmt::format("--kernel {} does not exist; there are {}", printable(*word), kernel_names()));
    spec.kernel = *kernel;
  }
  if (const auto word = arguments.value("fold")) {
    const auto how = parse_fold(*word);
    if (!how)
      refuse(fmt::format("--fold {} does not exist; there are sum, min, max, none", printable(*word)));
    spec.fold = *how;
  }
  if (const auto name = arguments.value("name")) spec.name = parse_name("--name", *name);
  if (const auto priority = arguments.value("priority")) spec.priority = parse_priority(*priority);
  return spec;
}

void show(const JobSpec& spec, bool json) {
  std::string text = json ? to_line(to_json(spec)) : submission_block(spec);
  if (text.ends_with('\n')) text.pop_back();
  print(text);
}

// Prints the job's number, or all of the job.
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

Outcome run(const Invocation& call) {
  const JobSpec spec = parse_spec(call.arguments);
  call.screen.say(range_text(spec.range));
  if (call.arguments.has("dry-run")) {
    show(spec, call.shared.json);
    return ExitStatus::done;
  }
  Connection connection(call.shared, call.screen);
  const Submit submit{.id = random_request_id(), .spec = spec};
  while (true) {
    const auto submitted = connection.ask_for<Submitted>(submit);
    if (!submitted) return tl::unexpected(submitted.error());
    if (!call.arguments.has("wait")) return tell(call, connection, submitted->job);
    call.screen.say(fmt::format("job {} submitted", submitted->job.value));
    auto ended = wait_for_end(connection, submitted->job, call.screen, call.shared.json, submit.id);
    if (ended || ended.error().status != ExitStatus::no_such_job) return ended;
    // The same submission, so this is never a second job.
    call.screen.say(
        fmt::format("the head knows this job no more as {}, perhaps after a restore; submitting it again",
                    submitted->job.value));
  }
}

}  // namespace

Command submit() {
  return {.name = "submit",
          .usage = client_usage(
              "pq-submit", "--range A:B [FLAGS]",
              "submits a range and prints the job's number, or with --wait its total",
              {{"range", "A:B", "from A to before B, or A:+WIDTH; numbers as 10_000_000, 1e7, 2^40"},
               {"kernel", "NAME", "what to compute: " + kernel_names() + " (default primes)"},
               {"fold", "NAME", "how values join: sum, min, max, none (default sum)"},
               {"name", "NAME", "a name for people"},
               {"priority", "P", "higher runs first (default 0)"},
               {"wait", "", "wait for the end"},
               {"dry-run", "", "print what would be submitted, and talk to nobody"}}),
          .run = run};
}

}  // namespace pq::commands
