#include "client/commands/commands.h"

namespace pq {

std::vector<Command> all_commands() {
  return {commands::submit(), commands::status(), commands::wait(),     commands::cancel(),
          commands::pause(),  commands::resume(), commands::priority(), commands::logs(),
          commands::output(), commands::retry(),  commands::agents(),   commands::verify(),
          commands::backup(), commands::key(),    commands::user_data()};
}

JobId the_job(const Invocation& call) {
  return parse_job_id(call.arguments.words_named({"the job's number"})[0]);
}

}  // namespace pq
