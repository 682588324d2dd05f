#include <algorithm>
#include <nlohmann/json.hpp>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "common/json.h"

namespace pq::commands {
namespace {

Outcome run(const Invocation& call) {
  const JobId job = the_job(call);
  Connection connection(call.shared, call.screen);
  const auto verification = connection.ask_for<Verification>(Verify{.job = job});
  if (!verification) return tl::unexpected(verification.error());
  const std::vector<Finding>& findings = verification->findings;
  if (call.shared.json) {
    print(to_line(to_json(*verification)));
  } else {
    for (const Finding& finding : findings) print(finding_line(finding));
  }
  const bool all_hold =
      std::all_of(findings.begin(), findings.end(), [](const Finding& f) { return f.holds; });
  return all_hold ? ExitStatus::done : ExitStatus::failed;
}

}  // namespace

Command verify() {
  return {.name = "verify",
          .usage = client_usage("pq-verify", "JOB [FLAGS]",
                                "shows from the head's database that a job's total is right"),
          .run = run};
}

}  // namespace pq::commands
