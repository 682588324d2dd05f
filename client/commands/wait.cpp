#include "client/commands/commands.h"
#include "client/waiting.h"

namespace pq::commands {
namespace {

Outcome run(const Invocation& call) {
  const JobId job = the_job(call);
  Connection connection(call.shared, call.screen);
  return wait_for_end(connection, job, call.screen, call.shared.json);
}

}  // namespace

Command wait() {
  return {.name = "wait",
          .usage = client_usage("pq-wait", "JOB [FLAGS]", "waits for a job's end and prints its total"),
          .run = run};
}

}  // namespace pq::commands
