#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/head_program.h"
#include "client/tally.h"
#include "common/report/findings.h"
#include "common/report/json.h"

namespace pq::commands {
namespace {

// Without a head: pqd reads the file and prints the rest.
Outcome run_offline(const Invocation& call, const std::string& file) {
  std::vector<std::string> words = {"--verify=" + file, "--log-level=" + call.shared.log_level};
  if (!call.arguments.words().empty()) words.push_back(fmt::format("--job={}", the_job(call).value));
  if (call.shared.json) words.emplace_back("--json");
  return tl::unexpected(become_head_program(words));
}

Outcome run_verify(const Invocation& call) {
  if (const auto file = call.arguments.value("offline")) return run_offline(call, *file);
  const Selection selection = the_one_job(call);
  Connection connection(call.shared, call.screen);
  const auto job = find_job(connection, selection);
  if (!job) return tl::unexpected(job.error());
  const auto verification = connection.ask_for<Verification>(Verify{.job = *job});
  if (!verification) return tl::unexpected(verification.error());
  const std::vector<Finding>& findings = verification->findings;
  if (call.shared.json) {
    print(to_line(to_json(*verification)));
  } else {
    for (const Finding& finding : findings) print(finding_line(finding));
    call.screen.say(verdict_line(fmt::format("job {}", job->value), findings));
  }
  return all_hold(findings) ? ExitStatus::done : ExitStatus::failed;
}

}  // namespace

Command verify() {
  return {
      .name = "verify",
      .usage = client_usage(
          {.program = "pq-verify",
           .synopsis = "JOB [FLAGS] | --offline FILE [JOB]",
           .purpose = "shows from the head's database, or from a backup of it, that totals are right",
           .description = about_one_job,
           .flags = {{"offline", "FILE",
                      "in this database, which no pqd has open, and without asking a head: one job, or all"}},
           .words = words_of_one_job()}),
      .run = run_verify};
}

}  // namespace pq::commands
