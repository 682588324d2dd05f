#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "client/commands/commands.h"
#include "client/connection.h"
#include "client/output.h"
#include "client/tally.h"
#include "common/report/json.h"
#include "common/values/text.h"

namespace pq::commands {
namespace {

Recompute whose_work(const Invocation& call) {
  Recompute question{.job = {}, .agent = {}, .unknown = call.arguments.has("unknown")};
  if (const auto agent = call.arguments.value("agent")) {
    if (agent->empty()) refuse("--agent: the name is empty; pq-provenance lists who computed what");
    question.agent = parse_name("--agent", *agent);
  } else if (!question.unknown) {
    refuse("--agent NAME is missing: whose work to discard; pq-provenance lists who computed what");
  }
  return question;
}

void tell(const Invocation& call, const Recompute& question, const Recomputed& done) {
  call.screen.say(fmt::format("{} in {} discarded{}", count_of(done.integers, "integer"),
                              count_of(done.parts, "part"),
                              done.integers > 0 ? ", to be computed again" : ": nothing of it counts"));
  call.screen.say(state_line(done.job));
  if (done.agent_takes_work) {
    const std::string name = printable(question.agent);
    call.screen.say(fmt::format(
        "agent {} still takes work and may be given some of this again: pq-agents drain {}", name, name));
  }
}

Outcome run_recompute(const Invocation& call) {
  const Selection selection = the_one_job(call);
  Recompute question = whose_work(call);
  Connection connection(call.shared, call.screen);
  const auto job = find_job(connection, selection);
  if (!job) return tl::unexpected(job.error());
  question.job = *job;
  const auto done = connection.ask_for<Recomputed>(question);
  if (!done) return tl::unexpected(done.error());
  tell(call, question, *done);
  if (call.shared.json) print(to_line(to_json(*done)));
  return ExitStatus::done;
}

}  // namespace

Command recompute() {
  return {
      .name = "recompute",
      .usage = client_usage(
          {.program = "pq-recompute",
           .synopsis = "JOB --agent NAME [FLAGS]",
           .purpose = "discards what one agent has computed of a job, and has it computed again",
           .description = std::string(about_one_job) + " For a machine that was found bad: drain it first, "
                                                       "or it may be given the same parts again. All "
                                                       "that counts under its name is discarded, whatever "
                                                       "key it had, with what is collected of it; the "
                                                       "total is folded anew from what the others have "
                                                       "computed. A job that is done or has failed runs "
                                                       "again, if its files are still at the head. Where "
                                                       "joined parts may be of several agents, all of "
                                                       "such a part is computed again.",
           .flags = {{"agent", "NAME", "whose work; pq-provenance lists the names"},
                     {"unknown", "", "and all of which it is not known who computed it"}},
           .words = words_of_one_job()}),
      .run = run_recompute};
}

}  // namespace pq::commands
