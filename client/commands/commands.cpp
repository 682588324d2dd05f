#include "client/commands/commands.h"

#include <unistd.h>

namespace pq::commands {

std::vector<Command> all_commands() {
  return {submit(),    status(), wait(),   cancel(), pause(),    resume(), priority(),
          logs(),      events(), output(), retry(),  agents(),   verify(), provenance(),
          recompute(), forget(), backup(), key(),    user_data()};
}

Colours colours(const Invocation& call) {
  return wants_colours(STDOUT_FILENO, call.shared.colour) ? Colours::ansi : Colours::none;
}

std::vector<WordChoice> words_of_jobs() { return {{"", {"last", "all"}}}; }

std::vector<WordChoice> words_of_one_job() { return {{"", {"last"}}}; }

Selection the_jobs(const Invocation& call) {
  return parse_selection(call.arguments.words_named({"the job's number"})[0]);
}

Selection the_one_job(const Invocation& call) {
  Selection selection = the_jobs(call);
  if (!is_of_one(selection))
    refuse(call.program + " tells of one job: give its number, or last for the newest");
  return selection;
}

JobId the_job(const Invocation& call) {
  return parse_job_id(call.arguments.words_named({"the job's number"})[0]);
}

}  // namespace pq::commands
